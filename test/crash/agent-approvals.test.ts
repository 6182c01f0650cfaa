// `kill -9` before and after every checkpoint of an approval: the question is asked once, decided once, and the tool acts once.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type ChatRequest,
  type ChildService,
  type CrashPoint,
  type ModelServer,
  startChild,
  startModelServer,
} from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { appPath, buildApps } from './support/apps.ts';

/** What was paid by key, and how many letters were written. */
const shop = { paid: new Map<string, number>(), letters: 0, asked: 0 };

const ASK = 'approval of Cashier.pay';
const NOTICE = 'notice of Cashier.pay';
const DECISION = 'decision on Cashier.pay';

let database: TestDatabase;
let model: ModelServer;
let counter: Server;

beforeAll(async () => {
  buildApps();
  database = await freshDatabase('crash');
  model = await startModelServer(answer);
  counter = createServer((request, response) => {
    const key = String(request.headers['idempotency-key']);
    if (request.url === '/pay') shop.paid.set(key, (shop.paid.get(key) ?? 0) + 1);
    if (request.url === '/letter') shop.letters += 1;
    const isUnknown = request.method === 'GET' && !shop.paid.has(request.url!.slice('/paid/'.length));
    response.writeHead(isUnknown ? 404 : 200).end('Paid.');
  });
  await new Promise<void>((resolve) => counter.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => void Object.assign(shop, { paid: new Map(), letters: 0, asked: 0 }));

afterAll(async () => {
  await model?.close();
  counter?.close();
  await database?.drop();
});

function answer({ messages }: ChatRequest) {
  const result = messages.find(({ role }) => role === 'tool');
  if (result) return { json: { said: result.content } };
  shop.asked += 1;
  return { toolCalls: [{ name: 'pay', args: { cents: 500 } }] };
}

function start(crashAt?: CrashPoint): Promise<ChildService> {
  const { port } = counter.address() as AddressInfo;
  const env = { OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'stub', COUNTER_URL: `http://127.0.0.1:${port}` };
  return startChild({ app: appPath('cashier'), databaseUrl: database.url, crashAt, env });
}

async function submit(service: ChildService, key: string): Promise<string> {
  const headers = { 'Idempotency-Key': key };
  return String((await service.call('POST', '/v1/workflows/Cashier.serve/runs', { headers, body: key })).body.id);
}

/** Waits for the question of the run that was asked for with `key`, until people were told of it. */
function question(key: string): Promise<string> {
  return until('the question', async () => {
    const rows = await database.query<{ id: string }>(
      `SELECT a.id FROM holdfast.approvals a
         JOIN holdfast.runs r ON r.id = a.run_id
         JOIN holdfast.steps s ON s.run_id = r.id AND s.name = $2 AND s.ended_at IS NOT NULL
        WHERE r.input = to_jsonb($1::text)`,
      [key, NOTICE],
    );
    return rows[0]?.id;
  });
}

/** Approves, where that was not done before. A process may die before it can answer. */
async function approve(service: ChildService, id: string): Promise<void> {
  const headers = { 'X-User': 'bob', 'X-Roles': 'manager' };
  const { status, body } = await service.call('POST', `/v1/approvals/${id}`, {
    headers,
    body: { decision: 'approve' },
  });
  expect(status === 200 || body.code === 'approval_decided', JSON.stringify(body)).toBe(true);
}

test.each<[CrashPoint, { letters: number }]>([
  ['after:model', { letters: 1 }],
  [`before:${ASK}`, { letters: 1 }],
  [`after:${ASK}`, { letters: 1 }],
  [`before:${NOTICE}`, { letters: 2 }],
  [`after:${NOTICE}`, { letters: 1 }],
  [`before:${DECISION}`, { letters: 1 }],
  [`after:${DECISION}`, { letters: 1 }],
  ['before:Cashier.pay', { letters: 1 }],
  ['after:Cashier.pay', { letters: 1 }],
  ['before:run', { letters: 1 }],
])('killed %s', { timeout: 60_000 }, async (point, { letters }) => {
  await using first = await start(point);
  // The process may die before it has answered: the caller repeats the request.
  await submit(first, point).catch(() => undefined);
  const dies = first.exited.then(() => undefined);
  const asked = await Promise.race([dies, question(point).catch(() => undefined)]);
  if (asked !== undefined) await approve(first, asked).catch(() => undefined);
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });

  await using second = await start();
  const run = await submit(second, point);
  await approve(second, await question(point));
  const { body: ended } = await second.call('GET', `/v1/runs/${run}/result?wait=30`);
  expect(ended).toMatchObject({ status: 'succeeded', result: { said: 'Paid.' } });
  expect([...shop.paid.values()]).toEqual([1]);
  expect(shop).toMatchObject({ letters, asked: 1 });
  const audit = await database.query(
    `SELECT what, who FROM holdfast.approval_audit WHERE run_id = $1 AND what <> 'link_made' ORDER BY n`,
    [run],
  );
  expect(audit).toEqual([
    { what: 'asked', who: 'local' },
    { what: 'approved', who: 'bob' },
  ]);
  const { body: transcript } = await second.call<{ items: { role: string }[] }>('GET', `/v1/runs/${run}/transcript`);
  expect(transcript.items.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
});
