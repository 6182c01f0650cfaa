// Endpoints that fail are left alone, by all processes that share a database, and tried again by one of them.

import type { Knex } from 'knex';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { MODEL_FAILURES, type ModelFailure } from '../../src/core/model-failures.ts';
import { type Admission, Breakers } from '../../src/inference/routing/breakers.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const endpoint = { name: 'cloud', target: 'https://inference.example/v1 large-2' };
const warnings: string[] = [];
const log = { warn: (line: string) => warnings.push(line) };
let database: TestDatabase;
let db: Knex;
let statements: string[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4, name: 'test' });
  db.on('query', ({ sql }: { sql: string }) => statements.push(sql));
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

beforeEach(async () => {
  await database.query('DELETE FROM holdfast.endpoint_health');
  warnings.length = 0;
  statements = [];
});

function process(): Breakers {
  const breakers = new Breakers();
  breakers.share({ db, log });
  return breakers;
}

async function failTimes(breakers: Breakers, times: number, code: ModelFailure = 'model_unavailable', after?: number) {
  for (let n = 0; n < times; n += 1) {
    const admission = (await breakers.admit(endpoint))!;
    admission.failed(MODEL_FAILURES[code].endpoint, code, after);
  }
  await breakers.look();
}

/** Has the pause be over. */
async function skipPause(): Promise<void> {
  await database.query(`UPDATE holdfast.endpoint_health SET open_until = now() - interval '1 second'`);
}

const view = async () => (await database.query('SELECT endpoint, target, state, reason FROM holdfast.breakers'))[0];

test('after five failures nobody asks the endpoint, in no process', async () => {
  const [one, other] = [process(), process()];
  await failTimes(one, 4);
  expect(one.state(endpoint).admits).toBe('all');
  expect(await view()).toBeUndefined();
  await failTimes(one, 1);
  expect(await one.admit(endpoint)).toBeUndefined();
  expect(one.view(endpoint)).toMatchObject({ state: 'open', reason: 'model_unavailable' });
  await other.look();
  expect(await other.admit(endpoint)).toBeUndefined();
  expect(other.view(endpoint).until).toMatch(/^20.*Z$/);
  expect(await view()).toEqual({
    endpoint: 'cloud',
    target: 'https://inference.example/v1 large-2',
    state: 'open',
    reason: 'model_unavailable',
  });
});

test('another endpoint of the same name is another one', async () => {
  const one = process();
  await failTimes(one, 5);
  expect(one.state({ ...endpoint, target: 'https://inference.example/v1 large-3' }).admits).toBe('all');
});

test('a wrong key is enough by itself, and what the provider asks for is kept to', async () => {
  const one = process();
  await failTimes(one, 1, 'model_auth_failed');
  expect(one.state(endpoint)).toMatchObject({ admits: 'none', reason: 'model_auth_failed' });
  await database.query('DELETE FROM holdfast.endpoint_health');
  const other = process();
  await failTimes(other, 5, 'model_rate_limited', 90_000);
  const [row] = await database.query(
    'SELECT EXTRACT(EPOCH FROM open_until - now())::float8 AS seconds FROM holdfast.endpoint_health',
  );
  expect(row.seconds).toBeGreaterThan(80);
  expect(row.seconds).toBeLessThanOrEqual(90);
});

test('refusals are answers of an endpoint that is well', async () => {
  const one = process();
  await failTimes(one, 20, 'model_context_exceeded');
  expect(one.state(endpoint).admits).toBe('all');
});

test('of all processes one makes the probe, and when it is answered everybody asks again', async () => {
  await failTimes(process(), 5);
  await skipPause();
  expect(await view()).toMatchObject({ state: 'half_open' });
  const processes = [process(), process(), process()];
  await Promise.all(processes.map((one) => one.look()));
  const admitted = await Promise.all(processes.flatMap((one) => [one.admit(endpoint), one.admit(endpoint)]));
  const probes = admitted.filter((admission): admission is Admission => admission !== undefined);
  expect(probes.map(({ isProbe }) => isProbe)).toEqual([true]);
  probes[0]!.worked();
  await until('the news', async () => (await view()).state === 'closed');
  await Promise.all(processes.map((one) => one.look()));
  expect(processes.map((one) => one.state(endpoint).admits)).toEqual(['all', 'all', 'all']);
});

test('a probe that fails makes the pause longer, one that says nothing is left to the next', async () => {
  const one = process();
  await failTimes(one, 5);
  const pauses: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const sql = 'SELECT EXTRACT(EPOCH FROM open_until - now())::float8 AS s, level FROM holdfast.endpoint_health';
    const [{ s, level }] = await database.query(sql);
    expect(level).toBe(n);
    pauses.push(s);
    await skipPause();
    await one.look();
    (await one.admit(endpoint))!.failed('unknown', 'model_aborted', undefined);
    await one.look();
    (await one.admit(endpoint))!.failed('fails', 'model_timeout', undefined);
    await one.look();
  }
  pauses.forEach((pause, n) => {
    expect(pause).toBeGreaterThan(2 ** n - 0.9);
    expect(pause).toBeLessThanOrEqual(2 ** (n + 1));
  });
});

test('a process that has not heard of it yet makes the pause no shorter', async () => {
  const [one, other] = [process(), process()];
  const late = await Promise.all(Array.from({ length: 5 }, () => other.admit(endpoint)));
  await other.look();
  await failTimes(one, 5);
  await skipPause();
  await one.look();
  await failTimes(one, 1);
  await skipPause();
  for (const admission of late) admission!.failed('fails', 'model_unavailable', undefined);
  await other.look();
  const [{ level, s }] = await database.query(
    'SELECT level, EXTRACT(EPOCH FROM open_until - now())::float8 AS s FROM holdfast.endpoint_health',
  );
  expect(level).toBe(1);
  expect(s).toBeGreaterThan(0);
});

test('what a process has counted before the endpoint was left alone does not count after its recovery', async () => {
  const [one, other] = [process(), process()];
  await failTimes(other, 4);
  await failTimes(one, 5);
  await skipPause();
  await Promise.all([one.look(), other.look()]);
  (await one.admit(endpoint))!.worked();
  await one.look();
  await other.look();
  await failTimes(other, 1);
  expect(other.state(endpoint).admits).toBe('all');
});

test('a probe that died with its process is made by another one', async () => {
  const [one, other] = [process(), process()];
  await failTimes(one, 5);
  await skipPause();
  await Promise.all([one.look(), other.look()]);
  expect(await one.admit(endpoint)).toMatchObject({ isProbe: true });
  await other.look();
  expect(await other.admit(endpoint)).toBeUndefined();
  await database.query(`UPDATE holdfast.endpoint_health SET probe_until = now() - interval '1 second'`);
  await other.look();
  expect(await other.admit(endpoint)).toMatchObject({ isProbe: true });
});

test('whoever was let through before says nothing new', async () => {
  const one = process();
  const late = await Promise.all(Array.from({ length: 20 }, () => one.admit(endpoint)));
  await failTimes(one, 5);
  const [before] = await database.query('SELECT level, open_until FROM holdfast.endpoint_health');
  for (const admission of late) admission!.failed('fails', 'model_unavailable', undefined);
  await one.look();
  expect(await database.query('SELECT level, open_until FROM holdfast.endpoint_health')).toEqual([before]);
});

test('calls of an endpoint that is well cost no statement but a look a second', async () => {
  const one = process();
  const begun = performance.now();
  for (let n = 0; n < 2000; n += 1) (await one.admit(endpoint))!.worked();
  await one.look();
  expect(statements.length).toBeLessThanOrEqual(3 + (performance.now() - begun) / 1000);
});

test('without a database the process has only itself, and a database that fails keeps nobody from asking', async () => {
  const alone = new Breakers();
  await failTimes(alone, 5);
  expect(await alone.admit(endpoint)).toBeUndefined();
  const gone = openDatabase('postgresql://nobody@127.0.0.1:1/none', { max: 1, name: 'test' });
  const one = new Breakers();
  one.share({ db: gone, log });
  await failTimes(one, 5);
  expect(one.state(endpoint).admits).toBe('none');
  expect(warnings.length).toBeGreaterThan(0);
  await one.close();
  await gone.destroy();
});
