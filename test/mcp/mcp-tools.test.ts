import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { agent, mcpTools, opening } from '../../src/index.ts';
import { resultsBefore } from '../agent/support/desk.ts';
import { models, prepare } from '../agent/support/models.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { startNewServer, startOldServer } from './support/servers.ts';

const servers = { new: await startNewServer(), old: await startOldServer() };
afterAll(() => Promise.all(Object.values(servers).map((server) => server.end())));

const READ = { effect: 'read' } as const;

function toolsOf(name: 'new' | 'old') {
  return mcpTools({
    name,
    url: servers[name].url,
    headers: async () => ({ Authorization: 'Bearer of-secrets' }),
    tools: {
      search: READ,
      stock: READ,
      broken: READ,
      picture: { ...READ, description: 'Look at it' },
      flood: READ,
      slow: { ...READ, timeout: '300ms', retries: { attempts: 1 } },
      order: {
        effect: 'compensable',
        compensate: async (_result, args, { call }) => void (await call('cancel', args)),
      },
      mail: { effect: 'irreversible', acknowledged: 'The shop wants it.' },
    },
  });
}

const fresh = toolsOf('new');
const dated = toolsOf('old');
class Shop {
  @agent({ model: 'new', instructions: 'Shop.', tools: Object.values(fresh) })
  static async new(wish: string): Promise<string> {
    return opening(wish);
  }

  @agent({ model: 'old', instructions: 'Shop.', tools: Object.values(dated) })
  static async old(wish: string): Promise<string> {
    return opening(wish);
  }
}

const served = serve({ services: [Shop] }, { models, config: { graceMs: 50 } });
const call = (name: string, args: object) => ({ name, args });

beforeEach(() => {
  for (const { books } of Object.values(servers)) {
    Object.assign(books, { done: [], keys: [], methods: [], loses: undefined, stuck: undefined, refuses: [] });
  }
});

async function effectsOf(runId: unknown): Promise<Record<string, unknown>[]> {
  return served.database.query(
    'SELECT tool, method, url, state, status, attempts, key FROM holdfast.effects WHERE run_id = $1 ORDER BY step_id',
    [runId],
  );
}

/** Releases the run as often as it is held: one that is released in the same moment in which it was held is held once more. */
async function releasedToItsEnd(runId: unknown): Promise<Record<string, unknown>> {
  return until(
    'the end',
    async () => {
      await served.call('POST', `/v1/runs/${String(runId)}/release`);
      const { body } = await served.call('GET', `/v1/runs/${String(runId)}`);
      return body.status === 'succeeded' || body.status === 'failed' ? body : undefined;
    },
    100,
  );
}

describe.each(['new', 'old'] as const)('with a server of the %s revision', (revision) => {
  const { books } = servers[revision];
  const ask = (...toolCalls: { name: string; args: object }[]) =>
    prepare({
      [revision]: [
        { toolCalls: toolCalls.map(({ name, args }) => call(`${revision}_${name}`, args)) },
        { text: 'Done.' },
      ],
    })[revision]!;

  test('a model is told of the tools that are named, and its calls are steps with keys and receipts', async () => {
    const model = ask(call('search', { query: 'tea' }), call('order', { item: 'pot' }));
    const run = await served.run(`Shop.${revision}`, 'Tea, please.');
    expect(run).toMatchObject({ status: 'succeeded', result: 'Done.' });
    expect(model.calls[0]!.tools).toMatchObject([
      { name: `${revision}_search`, description: 'Does search', inputSchema: { required: ['query'] } },
      { name: `${revision}_stock` },
      { name: `${revision}_broken` },
      { name: `${revision}_picture`, description: 'Look at it' },
      { name: `${revision}_flood` },
      { name: `${revision}_slow` },
      { name: `${revision}_order` },
      { name: `${revision}_mail` },
    ]);
    expect(resultsBefore(model, 1).map(({ output }) => output)).toEqual([
      { type: 'text', value: 'found tea' },
      { type: 'text', value: 'ordered pot' },
    ]);
    const url = servers[revision].url.replace('hush', '…');
    const effects = await effectsOf(run.id);
    expect(effects).toMatchObject([
      { tool: `${revision}.search`, method: 'tools/call', url, state: 'answered', status: 200, attempts: 1 },
      { tool: `${revision}.order`, state: 'answered', status: 200 },
    ]);
    expect(new Set(books.keys.map(({ header }) => header))).toEqual(new Set(effects.map(({ key }) => key)));
    for (const { meta, header, traceMeta, traceHeader, authorization } of books.keys) {
      expect(meta).toBe(header);
      expect(traceMeta).toBe(traceHeader);
      expect(traceHeader).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(authorization).toBe('Bearer of-secrets');
    }
    const everything = await served.database.query(
      `SELECT (SELECT jsonb_agg(o) FROM dbos.operation_outputs o)::text AS steps, (SELECT jsonb_agg(r) FROM holdfast.receipts r)::text AS receipts`,
    );
    expect(JSON.stringify(everything)).not.toMatch(/of-secrets|hush/);
  });

  test('results are JSON for a model, and failures have codes', async () => {
    const item = { item: 'cup' };
    const model = ask(
      call('stock', item),
      call('picture', item),
      call('broken', item),
      call('slow', item),
      call('stock', {}),
    );
    await served.run(`Shop.${revision}`, 'Look around.');
    const [stock, picture, broken, slow, misfit] = resultsBefore(model, 1).map(({ output }) => output.value);
    expect(stock).toEqual({ left: 3 });
    expect(picture).toEqual([
      { type: 'text', text: 'Look:' },
      { type: 'image', mimeType: 'image/png', bytes: 300 },
      { type: 'resource_link', uri: 'shop://cup', name: 'cup' },
      { type: 'resource', uri: 'shop://note', text: 'A note.' },
    ]);
    expect(broken).toEqual({ code: 'mcp_tool_error', message: "'broken' failed: The till is shut." });
    expect(slow).toMatchObject({ code: 'step_timeout' });
    expect(misfit.code).toMatch(/^mcp_(tool_)?error$/);
    expect(misfit.message).toMatch(/item/);
  });

  test('an answer that is too large is not taken, and its call not repeated', async () => {
    const model = ask(call('flood', { item: 'sea' }));
    await served.run(`Shop.${revision}`, 'Everything.');
    expect(resultsBefore(model, 1)[0]!.output.value).toMatchObject({ code: 'tool_result_too_large' });
    expect(books.done).toHaveLength(1);
  });

  test('a run that is cancelled waits for no answer', async () => {
    books.stuck = new Promise(() => {});
    ask(call('search', { query: 'tea' }));
    const { body } = await served.call('POST', `/v1/workflows/Shop.${revision}/runs`, { body: 'Tea?' });
    await until('the call', async () => books.done.length === 1);
    await served.call('POST', `/v1/runs/${String(body.id)}/cancel`);
    const { body: ended } = await served.call('GET', `/v1/runs/${String(body.id)}/result?wait=20`);
    expect(ended).toMatchObject({ status: 'cancelled' });
    expect(books.done).toHaveLength(1);
  });

  test('a lost answer is asked for again under the same key', async () => {
    books.loses = { call: 'order', times: 1 };
    const model = ask(call('order', { item: 'pot' }));
    const run = await served.run(`Shop.${revision}`, 'Order.');
    expect(resultsBefore(model, 1)[0]!.output.value).toBe('ordered pot');
    expect(books.done).toEqual(['order({"item":"pot"})', 'order({"item":"pot"})']);
    expect(new Set(books.keys.map(({ header }) => header)).size).toBe(1);
    expect(await effectsOf(run.id)).toMatchObject([{ state: 'answered', attempts: 2 }]);
  });

  test('a lost answer of what nobody can undo holds the run', async () => {
    books.loses = { call: 'mail', times: 1 };
    const model = ask(call('mail', { item: 'bill' }));
    const { body } = await served.call('POST', `/v1/workflows/Shop.${revision}/runs`, { body: 'Mail.' });
    const held = await until('the hold', async () => {
      const [row] = await served.database.query('SELECT reason FROM holdfast.held_runs WHERE run_id = $1', [body.id]);
      return row;
    });
    expect(held).toEqual({ reason: 'unknown_effect' });
    expect(books.done).toEqual(['mail({"item":"bill"})']);
    expect(await releasedToItsEnd(body.id)).toMatchObject({ status: 'succeeded' });
    expect(resultsBefore(model, 1)[0]!.output.value).toBe('mailed bill');
    expect(new Set(books.keys.map(({ meta }) => meta)).size).toBe(1);
  });

  test('a call that a process left behind is made again under the same key, unless nobody can undo it', async () => {
    const answer = Promise.withResolvers<void>();
    books.stuck = answer.promise;
    const model = ask(call('order', { item: 'pot' }), call('mail', { item: 'bill' }));
    const { body } = await served.call('POST', `/v1/workflows/Shop.${revision}/runs`, { body: 'Order and mail.' });
    await until('both calls', async () => books.done.length === 2);
    books.stuck = undefined;
    await served.restart();
    answer.resolve();
    const [held] = await until('the hold', async () => {
      const rows = await served.database.query('SELECT reason FROM holdfast.held_runs WHERE run_id = $1', [body.id]);
      return rows.length > 0 ? rows : undefined;
    });
    expect(held).toEqual({ reason: 'unknown_effect' });
    expect(await releasedToItsEnd(body.id)).toMatchObject({ status: 'succeeded' });
    expect(resultsBefore(model, 1).map(({ output }) => output.value)).toEqual(['ordered pot', 'mailed bill']);
    // Whether the order was recorded before the run was held is a matter of luck; the mail waits for the person.
    const mails = books.done.filter((done) => done.startsWith('mail'));
    expect(mails).toHaveLength(2);
    expect(books.done.length).toBeGreaterThanOrEqual(4);
    expect(new Set(books.keys.map(({ header }) => header)).size).toBe(2);
  });

  test('what was done is undone by another tool of the server', async () => {
    prepare({ [revision]: [{ toolCalls: [call(`${revision}_order`, { item: 'pan' })] }, { status: 401 }] });
    expect(await served.run(`Shop.${revision}`, 'Order, then fail.')).toMatchObject({ status: 'failed' });
    await until('the unwinding', async () => books.done.some((done) => done.startsWith('cancel')));
    expect(books.done).toEqual(['order({"item":"pan"})', 'cancel({"item":"pan"})']);
    expect(new Set(books.keys.map(({ header }) => header)).size).toBe(2);
  });

  test('a server that is busy is asked again, and one that refuses is not', async () => {
    books.refuses = [503, 403];
    const model = ask(call('search', { query: 'tea' }));
    await served.run(`Shop.${revision}`, 'Tea?');
    const { value } = resultsBefore(model, 1)[0]!.output;
    expect(value).toMatchObject({ code: 'mcp_refused' });
    expect(value.message).not.toContain('secret words');
    expect(books.done).toEqual([]);
  });
});
