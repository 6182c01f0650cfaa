import { afterAll, beforeEach, expect, test } from 'vitest';
import { agent, callTool, mcpTools, opening, waitFor, workflow } from '../../src/index.ts';
import { resultsBefore } from '../agent/support/desk.ts';
import { models, prepare } from '../agent/support/models.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { startNewServer, startOldServer } from './support/servers.ts';

const servers = { new: await startNewServer(), old: await startOldServer() };
afterAll(() => Promise.all(Object.values(servers).map((server) => server.end())));

const READ = { effect: 'read' } as const;

const fresh = mcpTools({ name: 'new', url: servers.new.url, tools: { search: READ } });
const dated = mcpTools({ name: 'old', url: servers.old.url, tools: { search: READ } });
const asking = mcpTools({ name: 'asking', url: servers.new.url, tools: { ask: READ, gone: READ } });

/** Whether the next headers cannot be made. */
const failing = { next: false };
const anxious = mcpTools({
  name: 'anxious',
  url: servers.new.url,
  headers: () => {
    if (!failing.next) return {};
    failing.next = false;
    throw new Error('of-secrets');
  },
  tools: { search: READ, mail: { effect: 'irreversible', acknowledged: 'The shop wants it.' } },
});

class Shop {
  @agent({ model: 'new', instructions: 'Shop.', tools: [fresh.search] })
  static async new(wish: string): Promise<string> {
    return opening(wish);
  }

  @agent({ model: 'old', instructions: 'Shop.', tools: [dated.search] })
  static async old(wish: string): Promise<string> {
    return opening(wish);
  }

  @agent({ model: 'asking', instructions: 'Ask.', tools: [asking.ask] })
  static async asks(wish: string): Promise<string> {
    return opening(wish);
  }

  @workflow()
  static async searching(query: string): Promise<unknown> {
    return callTool(fresh.search, { query });
  }

  @workflow()
  static async patient(item: string): Promise<unknown[]> {
    const found = await callTool(anxious.search, { query: item });
    await waitFor('go');
    return [found, await callTool(anxious.mail, { item })];
  }

  @workflow()
  static async missing(): Promise<unknown> {
    return callTool(asking.gone, {});
  }
}

const services = [Shop, asking.gone, anxious.search, anxious.mail];
const served = serve({ services }, { models, config: { graceMs: 50 } });
const call = (name: string, args: object) => ({ name, args });

beforeEach(() => {
  for (const { books } of Object.values(servers)) books.done = [];
});

test('a session that the server has forgotten is begun anew', async () => {
  servers.old.forgetSessions();
  const { old } = prepare({ old: [{ toolCalls: [call('old_search', { query: 'tea' })] }, { text: 'Done.' }] });
  await served.run('Shop.old', 'Tea?');
  servers.old.forgetSessions();
  prepare({ old: [{ toolCalls: [call('old_search', { query: 'tea' })] }, { text: 'Done.' }] });
  expect(await served.run('Shop.old', 'Tea again?')).toMatchObject({ status: 'succeeded' });
  expect(resultsBefore(old!, 1)[0]!.output.value).toBe('found tea');
  expect(servers.old.books.done).toHaveLength(2);
});

test('a tool that asks for input is told to the model as something that cannot be done', async () => {
  const { asking: model } = prepare({
    asking: [{ toolCalls: [call('asking_ask', { item: 'hat' })] }, { text: 'No.' }],
  });
  await served.run('Shop.asks', 'A hat.');
  expect(resultsBefore(model!, 1)[0]!.output.value).toMatchObject({ code: 'mcp_input_required' });
});

test('workflows call tools with callTool; what the server does not have fails', async () => {
  expect(await served.run('Shop.searching', 'milk')).toMatchObject({ result: 'found milk' });
  const { error } = await served.run('Shop.missing');
  expect(error).toMatchObject({ code: 'mcp_tool_missing', message: expect.stringContaining('It has: search, stock') });
});

test('what is recorded needs no server; headers that cannot be made hold nothing up', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.patient/runs', { body: 'milk' });
  await until('the first call', async () => servers.new.books.done.length === 1);
  await servers.new.end();
  await served.restart();
  await servers.new.begin();
  failing.next = true;
  await served.call('POST', `/v1/runs/${String(body.id)}/messages/go`, { body: {} });
  const { body: ended } = await served.call('GET', `/v1/runs/${String(body.id)}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result: ['found milk', 'mailed milk'] });
  expect(servers.new.books.done).toHaveLength(2);
  const attempts = await served.database.query('SELECT code, message FROM holdfast.attempts WHERE run_id = $1', [
    body.id,
  ]);
  expect(attempts).toMatchObject([{ code: 'mcp_unavailable' }]);
  expect(JSON.stringify(attempts)).not.toContain('of-secrets');
});

test('a server that is down keeps nobody from starting: the model is asked once it is back', async () => {
  await servers.new.end();
  await served.restart();
  const { new: model } = prepare({ new: [{ text: 'Hello.' }] });
  const { body } = await served.call('POST', '/v1/workflows/Shop.new/runs', { body: 'Hello?' });
  const attempts = await until('a failed attempt', async () => {
    const rows = await served.database.query<{ code: string; message: string }>(
      'SELECT code, message FROM holdfast.attempts WHERE run_id = $1',
      [body.id],
    );
    return rows.length > 0 ? rows : undefined;
  });
  expect(attempts[0]).toMatchObject({ code: 'mcp_unavailable' });
  expect(attempts[0]!.message).toMatch(
    /The MCP server 'new' \(http:\/\/127.0.0.1:\d+\/mcp\?token=…\) cannot be used now/,
  );
  expect(model!.calls).toHaveLength(0);
  await servers.new.begin();
  const { body: ended } = await served.call('GET', `/v1/runs/${String(body.id)}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result: 'Hello.' });
});
