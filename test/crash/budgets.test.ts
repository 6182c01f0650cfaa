// `kill -9` around a call of a model: what a dead process has called counts as estimated, once; what is recorded is settled with it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type ChildService,
  type CrashPoint,
  type ModelServer,
  startChild,
  startModelServer,
} from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { appPath, buildApps } from './support/apps.ts';

const ANSWER_USD = 0.00012;

let folder: string;
let database: TestDatabase;
let server: ModelServer;
let hangs: boolean;
let services: ChildService[] = [];

beforeAll(() => buildApps());

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'budgets-'));
  database = await freshDatabase();
  hangs = false;
  server = await startModelServer(() => ({
    text: 'It.',
    usage: { inputTokens: 20, outputTokens: 50 },
    ...(hangs && { hang: true }),
  }));
  const price = '{ input: 1, output: 2 }';
  const models = `endpoints:\n  one: { baseUrl: "${server.url}", model: one-1, price: ${price} }\nclasses:\n  small: [one]\n`;
  writeFileSync(join(folder, 'models.yaml'), models);
});

afterEach(async () => {
  for (const service of services) await service.kill();
  services = [];
  await server?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(crashAt?: CrashPoint): Promise<ChildService> {
  const env = { HOLDFAST_MODELS: join(folder, 'models.yaml') };
  const service = await startChild({ app: appPath('spender'), databaseUrl: database.url, env, crashAt });
  services.push(service);
  return service;
}

async function spend(service: ChildService): Promise<void> {
  const body = { scope: 'all', window: 'total', limitUsd: 1, policy: 'stop' };
  expect((await service.call('PUT', '/v1/budgets/all', { body })).status).toBe(200);
  // The process may die before it answers.
  await service
    .call('POST', '/v1/workflows/Spender.spend/runs', { headers: { 'Idempotency-Key': 'one' } })
    .catch(() => {});
}

interface Call {
  state: string;
  cost: number;
  estimated: number;
}

async function calls(): Promise<Call[]> {
  return database.query(
    `SELECT state, cost_usd::float AS cost, estimated_usd::float AS estimated FROM holdfast.model_calls ORDER BY started_at`,
  );
}

async function counter(): Promise<{ spent: number; reserved: number }> {
  const [row] = await database.query(
    `SELECT spent_usd::float AS spent, reserved_usd::float AS reserved FROM holdfast.budgets`,
  );
  return row;
}

/** Resolves when the run has succeeded, and all calls are counted. */
async function atRest(): Promise<void> {
  await until('the end of the run', async () => {
    const rows = await database.query(
      `SELECT FROM holdfast.runs WHERE status = 'succeeded' AND NOT EXISTS (SELECT FROM holdfast.model_calls WHERE NOT is_counted)`,
    );
    return rows.length > 0;
  });
}

test('killed before the checkpoint: the call that is not recorded counts as estimated, and the one that is as it was', async () => {
  const first = await start('before:Spender.say');
  await spend(first);
  expect(await first.exited).toMatchObject({ signal: 'SIGKILL' });
  expect(await calls()).toMatchObject([{ state: 'reserved' }]);
  await start();
  await atRest();
  const [lost, settled] = await calls();
  expect([lost!.state, settled!.state]).toEqual(['lost', 'settled']);
  expect(settled!.cost).toBeCloseTo(ANSWER_USD, 9);
  expect(lost!.cost).toBe(lost!.estimated);
  const { spent, reserved } = await counter();
  expect(spent).toBeCloseTo(lost!.estimated + ANSWER_USD, 9);
  expect(reserved).toBe(0);
});

test('killed after the checkpoint: the call is settled with it, and made once', async () => {
  const first = await start('after:Spender.say');
  await spend(first);
  expect(await first.exited).toMatchObject({ signal: 'SIGKILL' });
  expect(await calls()).toMatchObject([{ state: 'settled' }]);
  await start();
  await atRest();
  expect(server.requests).toHaveLength(1);
  expect(await counter()).toEqual({ spent: expect.closeTo(ANSWER_USD, 9), reserved: 0 });
});

test('killed while the model thinks: two processes that stay count it once', async () => {
  hangs = true;
  const first = await start();
  const others = [await start(), await start()];
  await spend(first);
  await until('the call', () => server.requests.length > 0);
  hangs = false;
  const [row] = await database.query(
    `SELECT l.pid FROM holdfast.model_calls c JOIN holdfast.leases l USING (executor_id)`,
  );
  await [first, ...others].find(({ pid }) => pid === row.pid)!.kill();
  await atRest();
  const all = await calls();
  expect(all.map(({ state }) => state)).toEqual(['lost', 'settled']);
  expect(await counter()).toEqual({ spent: expect.closeTo(all[0]!.estimated + ANSWER_USD, 9), reserved: 0 });
});

test('a process that is told to stop leaves no reservation, whatever is under way', async () => {
  hangs = true;
  const env = { HOLDFAST_MODELS: join(folder, 'models.yaml'), HOLDFAST_GRACE_SECONDS: '1' };
  const service = await startChild({ app: appPath('spender'), databaseUrl: database.url, env });
  services.push(service);
  await spend(service);
  await until('the call', () => server.requests.length > 0);
  await service.kill('SIGTERM');
  const [call] = await calls();
  expect(call).toMatchObject({ state: 'lost' });
  expect(await counter()).toEqual({ spent: call!.estimated, reserved: 0 });
});
