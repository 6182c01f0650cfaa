// `kill -9` before and after every checkpoint of an agent. What the model decided and was recorded is used: it is not asked again.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type CallResult,
  type ChatRequest,
  type ChildService,
  type CrashPoint,
  type ModelServer,
  startChild,
  startModelServer,
} from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { appPath, buildApps } from './support/apps.ts';

/** How often the model was asked each question, and how often the tool's body ran. */
const counts = { first: 0, second: 0, look: 0 };

let database: TestDatabase;
let model: ModelServer;
let counter: Server;

beforeAll(async () => {
  buildApps();
  database = await freshDatabase('crash');
  model = await startModelServer(answer);
  counter = createServer((request, response) => {
    counts.look += 1;
    response.end(`The order ${request.url!.slice(1)}.`);
  });
  await new Promise<void>((resolve) => counter.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  Object.assign(counts, { first: 0, second: 0, look: 0 });
});

afterAll(async () => {
  await model?.close();
  counter?.close();
  await database?.drop();
});

/** Words its call otherwise each time that it is asked. */
function answer({ messages }: ChatRequest) {
  const result = messages.find(({ role }) => role === 'tool');
  if (result) {
    counts.second += 1;
    return { json: { found: result.content } };
  }
  counts.first += 1;
  return { toolCalls: [{ name: 'look', args: { orderId: `wording-${counts.first}` } }] };
}

function start(crashAt?: CrashPoint): Promise<ChildService> {
  const { port } = counter.address() as AddressInfo;
  const env = { OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'stub', COUNTER_URL: `http://127.0.0.1:${port}` };
  return startChild({ app: appPath('clerk'), databaseUrl: database.url, crashAt, env });
}

function submit(service: ChildService, key: string): Promise<CallResult<Record<string, unknown>>> {
  const headers = { 'Idempotency-Key': key };
  return service.call('POST', '/v1/workflows/Clerk.find/runs', { headers, body: key });
}

test.each<[CrashPoint, typeof counts]>([
  ['before:model', { first: 2, second: 1, look: 1 }],
  ['after:model', { first: 1, second: 1, look: 1 }],
  ['before:Clerk.look', { first: 1, second: 1, look: 2 }],
  ['after:Clerk.look', { first: 1, second: 1, look: 1 }],
  ['before:model#2', { first: 1, second: 2, look: 1 }],
  ['after:model#2', { first: 1, second: 1, look: 1 }],
  ['before:run', { first: 1, second: 1, look: 1 }],
])('killed %s', { timeout: 60_000 }, async (point, expected) => {
  await using first = await start(point);
  // The process may die before it has answered: the caller repeats the request.
  await submit(first, point).catch(() => undefined);
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });

  await using second = await start();
  const { body: run } = await submit(second, point);
  const { body: ended } = await second.call('GET', `/v1/runs/${String(run.id)}/result?wait=30`);
  const wording = point === 'before:model' ? 2 : 1;
  expect(ended).toMatchObject({ status: 'succeeded', result: { found: `The order wording-${wording}.` } });
  expect(counts).toEqual(expected);
  const { body: transcript } = await second.call<{ items: { role: string }[] }>(
    'GET',
    `/v1/runs/${String(run.id)}/transcript`,
  );
  expect(transcript.items.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
});
