// The database server is killed while calls of models are under way whose entries nobody has waited for.

import { expect, test } from 'vitest';
import { Ledger } from '../../src/inference/books/ledger.ts';
import { migrate, migrationsDirectory } from '../../src/postgres/migrations.ts';
import { migrateEngine } from '../../src/engine/migrate.ts';
import { openDatabase, waitForDatabase } from '../../src/postgres/connection.ts';
import { callOf, leaseForAlive } from '../store/support/calls.ts';
import { until } from '../support/until.ts';
import { openMortalServer } from './support/mortal-server.ts';
import { patientQuery } from './support/patient-query.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const NEVER = () => new AbortController().signal;
const CALLS = 20;

test('all of them are in the books again, and their budget knows of them', async () => {
  const server = await openMortalServer();
  const url = server.url('books');
  await waitForDatabase(url, { deadlineMs: 10_000 });
  await migrateEngine(url);
  await migrate(url, { directory: migrationsDirectory(), schema: 'holdfast', table: 'migrations' });
  await leaseForAlive((sql) => patientQuery(url, sql));
  await patientQuery(
    url,
    `INSERT INTO holdfast.budget_rules (name, scope, time_window, limit_usd, policy) VALUES ('all', 'all', 'total', 1, 'stop')`,
  );
  const db = openDatabase(url, { max: 4, name: 'test' });
  const ledger = new Ledger({ db, executorId: 'alive', log });
  ledger.start();
  const calls = Array.from({ length: CALLS }, () => callOf());
  for (const call of calls) expect(await ledger.enter(call, NEVER)).toMatchObject({ blocks: null });
  await server.killAndRestart();
  const reserved = async () => {
    const [row] = await patientQuery(
      url,
      `SELECT count(*)::int AS calls, (SELECT reserved_usd::float8 FROM holdfast.budget_counters) AS usd
         FROM holdfast.model_calls WHERE state = 'reserved'`,
    );
    return row!;
  };
  await until('the entries', async () => (await reserved()).calls === CALLS);
  expect((await reserved()).usd).toBeCloseTo(0.01 * CALLS);
  const spent = { usage: undefined, costUsd: '0.02', priceVersion: null, errorCode: null, state: 'settled' } as const;
  for (const { id } of calls) ledger.ended({ ...spent, id }, () => false);
  await ledger.close();
  const [counter] = await patientQuery(
    url,
    'SELECT spent_usd::float8 AS spent, reserved_usd::float8 AS reserved FROM holdfast.budget_counters',
  );
  expect(counter!.spent).toBeCloseTo(0.02 * CALLS);
  expect(counter!.reserved).toBeCloseTo(0);
  await db.destroy();
});
