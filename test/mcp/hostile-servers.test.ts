// Servers that do not keep to the protocol: a call fails, and neither it nor the process waits for what will not come.

import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callTool, mcpTools, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { listen } from '../support/shop-server.ts';
import { until } from '../support/until.ts';

type Answer = (response: ServerResponse) => void;

const ANSWERS: Record<string, Answer> = {
  'for another request': (response) => json(response, { jsonrpc: '2.0', id: 'other', result: { content: [] } }),
  'without a body': (response) => void response.writeHead(202).end(),
};

let asked: string[] = [];
let answerCall: Answer = () => {};
let isSilent = false;
let isEndless = false;

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Goes on until nobody listens. */
function answerEndlessly(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

const RESULTS: Record<string, unknown> = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'hostile', version: '1' },
  },
  'tools/list': { tools: [{ name: 'act', inputSchema: { type: 'object' } }] },
};

const server = createServer((request, response) => {
  void text(request).then((body) => {
    const { id, method } = JSON.parse(body || '{}') as { id?: unknown; method?: string };
    asked.push(method ?? '');
    if (isSilent) return;
    if (method === 'tools/call') answerCall(response);
    else if (method === 'tools/list' && isEndless) answerEndlessly(response);
    else if (id === undefined) response.writeHead(method ? 202 : 405).end();
    else if (RESULTS[method!]) json(response, { jsonrpc: '2.0', id, result: RESULTS[method!] });
    else json(response, { jsonrpc: '2.0', id, error: { code: -32601, message: 'unknown' } });
  });
});
const url = new URL('http://127.0.0.1/');
beforeAll(async () => {
  url.href = await listen(server);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const tools = { act: { effect: 'read', retries: { attempts: 1 } } } as const;
const { act } = mcpTools({ name: 'hostile', url, tools });
const other = mcpTools({ name: 'other', url, tools });

class Caller {
  @workflow()
  static async go(): Promise<unknown> {
    return callTool(act, {});
  }

  /** The server is another one for whoever has not asked it for its tools. */
  @workflow()
  static async list(): Promise<unknown> {
    return callTool(other.act, {});
  }
}

const served = serve({ services: [Caller, act, other.act] }, { config: { graceMs: 50 } });

test.each(Object.keys(ANSWERS))('an answer %s is taken for a lost one', async (kind) => {
  answerCall = ANSWERS[kind]!;
  expect(await served.run('Caller.go')).toMatchObject({ status: 'failed', error: { code: 'mcp_answer_lost' } });
});

test('a list of tools without an end is not read to its end', async () => {
  await served.restart();
  isEndless = true;
  const run = await served.run('Caller.list');
  isEndless = false;
  expect(run).toMatchObject({ status: 'failed', error: { code: 'mcp_unavailable' } });
});

test('the process stops at once, though a server does not answer whoever connects', async () => {
  await served.restart();
  isSilent = true;
  asked = [];
  await served.call('POST', '/v1/workflows/Caller.go/runs');
  await until('it connects', () => asked.length > 0);
  const began = performance.now();
  await served.restart();
  expect(performance.now() - began).toBeLessThan(15_000);
});
