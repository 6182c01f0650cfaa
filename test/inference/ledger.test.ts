// The books of a process, and what they cost the database.

import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ledger } from '../../src/inference/books/ledger.ts';
import { pause } from '../../src/lib/pause.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import type { NewModelCall } from '../../src/store/model-calls.ts';
import { callOf } from '../store/support/calls.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const NEVER = () => new AbortController().signal;
let database: TestDatabase;
let db: Knex;
let statements = 0;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4, name: 'test' });
  db.on('query', () => (statements += 1));
  await database.query(
    `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, workflows, expires_at)
     VALUES ('alive', 'host', 1, 'one', 'all', '1', '{}', now() + interval '1 hour')`,
  );
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const call = (executorId = 'alive'): NewModelCall => callOf({ executorId });

const stateOf = async (id: string): Promise<string> =>
  (await database.query('SELECT state FROM holdfast.model_calls WHERE id = $1', [id]))[0].state;

test('a process that calls no models says nothing to the database, and one that does clears up after the dead', async () => {
  const ledger = new Ledger({ db, executorId: 'alive', log });
  ledger.start();
  await until('the first look', () => statements >= 2);
  const before = statements;
  // Nothing is to happen: there is no end to wait for.
  await pause(2200);
  expect(statements - before).toBe(0);
  const [own, orphan] = [call(), call('dead')];
  await ledger.enter(own, NEVER);
  await ledger.enter(orphan, NEVER);
  await until('the orphan', async () => (await stateOf(orphan.id)) === 'lost');
  expect(await stateOf(own.id)).toBe('reserved');
  await ledger.close();
  expect(await stateOf(own.id)).toBe('lost');
});

test('an outage is told once, and what ended in it is settled afterwards', async () => {
  let isOut = false;
  const warnings: string[] = [];
  let tries = 0;
  const raw = async (...statement: Parameters<Knex['raw']>) => {
    tries += 1;
    if (isOut) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    return db.raw(...statement);
  };
  const warn = (line: string) => void warnings.push(line);
  const ledger = new Ledger({ db: { raw } as unknown as Knex, executorId: 'alive', log: { ...log, warn } });
  ledger.start();
  const planned = call();
  await ledger.enter(planned, NEVER);
  for (const outage of [1, 2]) {
    isOut = true;
    const { id } = planned;
    const settlement = { id, usage: undefined, costUsd: '0', priceVersion: null, errorCode: 'model_refused' };
    ledger.ended({ ...settlement, state: 'failed' }, () => false);
    const before = tries;
    await until('some tries', () => tries > before + 2);
    expect(warnings).toHaveLength(outage);
    isOut = false;
    await until('the settlement', async () => (await stateOf(id)) === 'failed');
    await ledger.catchUp();
  }
  await ledger.close();
});

test('a statement that lost against another one is sent again', async () => {
  let failures = 2;
  const raw = async (...statement: Parameters<Knex['raw']>) => {
    if (failures-- > 0) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
    return db.raw(...statement);
  };
  const ledger = new Ledger({ db: { raw } as unknown as Knex, executorId: 'alive', log });
  expect(await ledger.enter(call(), NEVER)).toMatchObject({ blocks: null });
  failures = 100;
  await expect(ledger.enter(call(), NEVER)).rejects.toMatchObject({ code: '40P01' });
});
