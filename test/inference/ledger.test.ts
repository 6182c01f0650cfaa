// The books of a process, and what they cost the database.

import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ledger } from '../../src/inference/books/ledger.ts';
import { pause } from '../../src/lib/pause.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import type { NewModelCall } from '../../src/store/model-calls.ts';
import { callOf, leaseForAlive } from '../store/support/calls.ts';
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
  await leaseForAlive(database.query);
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const call = (executorId = 'alive'): NewModelCall => callOf({ executorId });

const stateOf = async (id: string): Promise<string> =>
  (await database.query('SELECT state FROM holdfast.model_calls WHERE id = $1', [id]))[0].state;

/** What a statement comes to that fails with `code`. */
function failed(code: string): unknown {
  const answer = Promise.reject(Object.assign(new Error('The statement failed.'), { code }));
  answer.catch(() => {});
  return Object.assign(answer, { options: () => answer });
}

test('a process that calls no models says nothing to the database, and one that does clears up after the dead', async () => {
  const ledger = new Ledger({ db, executorId: 'alive', log });
  ledger.start();
  await until('the first look', () => statements >= 3);
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
  const raw = (...statement: Parameters<Knex['raw']>) => {
    tries += 1;
    return isOut ? failed('ECONNREFUSED') : db.raw(...statement);
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

test('what a crash of the server takes is entered again, and settled', async () => {
  const ledger = new Ledger({ db, executorId: 'alive', log });
  ledger.start();
  const [underWay, left, settledAlready] = [call(), call(), call()];
  for (const one of [underWay, left, settledAlready]) await ledger.enter(one, NEVER);
  const settlement = {
    usage: undefined,
    costUsd: '0.5',
    priceVersion: null,
    errorCode: null,
    state: 'settled',
  } as const;
  ledger.ended({ ...settlement, id: settledAlready.id }, () => false);
  await ledger.catchUp();
  ledger.ended({ ...settlement, id: left.id }, () => true);
  // As a crash leaves it: entries that were not on the disk are gone, and so are all rows of tables that are not logged.
  await database.query('DELETE FROM holdfast.model_calls WHERE id IN ($1, $2)', [underWay.id, left.id]);
  await database.query('DELETE FROM holdfast.server_lives');
  const entries = () => database.query('SELECT 1 FROM holdfast.model_calls WHERE id = $1', [underWay.id]);
  await until('the entry', async () => (await entries()).length === 1);
  expect(await stateOf(underWay.id)).toBe('reserved');
  await until('the settlement', async () => (await stateOf(left.id)) === 'settled');
  expect(await stateOf(settledAlready.id)).toBe('settled');
  await ledger.close();
  expect(await stateOf(underWay.id)).toBe('lost');
});

test('a settlement that comes to a server in another life is made again', async () => {
  const ledger = new Ledger({ db, executorId: 'alive', log });
  const planned = call();
  await ledger.enter(planned, NEVER);
  await database.query('DELETE FROM holdfast.model_calls WHERE id = $1', [planned.id]);
  await database.query('DELETE FROM holdfast.server_lives');
  const { id } = planned;
  ledger.ended(
    { id, state: 'failed', usage: undefined, costUsd: '0', priceVersion: null, errorCode: 'x' },
    () => false,
  );
  await ledger.catchUp();
  expect(await stateOf(id)).toBe('failed');
  await ledger.close();
});

test('a restore that fails is no outcome of the call that notices it, and is made up for', async () => {
  let failures = 0;
  const raw = (...statement: Parameters<Knex['raw']>) => {
    const isRestore = (statement[1] as { must?: boolean } | undefined)?.must === true;
    return isRestore && failures++ === 0 ? failed('40P01') : db.raw(...statement);
  };
  const ledger = new Ledger({ db: { raw } as unknown as Knex, executorId: 'alive', log });
  const [before, after] = [call(), call()];
  await ledger.enter(before, NEVER);
  await database.query('DELETE FROM holdfast.model_calls WHERE id = $1', [before.id]);
  await database.query('DELETE FROM holdfast.server_lives');
  expect(await ledger.enter(after, NEVER)).toMatchObject({ blocks: null });
  expect(failures).toBe(1);
  await ledger.enter(call(), NEVER);
  expect(await stateOf(before.id)).toBe('reserved');
  await ledger.close();
});

test('what a crash has taken just before the end is lost, not forgotten', async () => {
  const ledger = new Ledger({ db, executorId: 'alive', log });
  const planned = call();
  await ledger.enter(planned, NEVER);
  await database.query('DELETE FROM holdfast.model_calls WHERE id = $1', [planned.id]);
  await database.query('DELETE FROM holdfast.server_lives');
  await ledger.close();
  expect(await stateOf(planned.id)).toBe('lost');
});

test('a statement that lost against another one is sent again', async () => {
  let failures = 2;
  const raw = (...statement: Parameters<Knex['raw']>) => (failures-- > 0 ? failed('40P01') : db.raw(...statement));
  const ledger = new Ledger({ db: { raw } as unknown as Knex, executorId: 'alive', log });
  expect(await ledger.enter(call(), NEVER)).toMatchObject({ blocks: null });
  failures = 100;
  await expect(ledger.enter(call(), NEVER)).rejects.toMatchObject({ code: '40P01' });
  failures = 0;
});
