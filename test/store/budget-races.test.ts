// Calls that are entered at the same time as others, in one process or several, and as their runs are removed.

import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { reserveCalls } from '../../src/store/model-calls.ts';
import { until } from '../support/until.ts';
import { booksOfFile, callOf } from './support/calls.ts';

const books = booksOfFile();
const { budget, enter } = books;

async function counters(): Promise<Record<string, unknown>[]> {
  return books.database.query(
    `SELECT name, subject, period, spent_usd::float, reserved_usd::float, spent_tokens::int, reserved_tokens::int
       FROM holdfast.budgets ORDER BY name, subject`,
  );
}

test('two hundred calls at the same time never reserve more than there is', async () => {
  await budget();
  const entries = await Promise.all(Array.from({ length: 200 }, () => enter()));
  expect(entries.filter(({ blocks }) => blocks === null)).toHaveLength(100);
  expect(entries.find(({ blocks }) => blocks)!.blocks).toMatchObject([{ budget: 'all', reason: 'reserved' }]);
  expect(await counters()).toMatchObject([{ reserved_usd: 1, spent_usd: 0, reserved_tokens: 100_000 }]);
  const [row] = await books.database.query('SELECT count(*)::int AS rows FROM holdfast.model_calls');
  expect(row.rows).toBe(100);
});

test('groups of calls for several budgets at once, from several processes, get all or nothing', async () => {
  await budget({ name: 'all', limitUsd: '0.5' });
  await budget({ name: 'tenants', scope: 'tenant', window: 'day', limitUsd: '0.1' });
  await budget({ name: 'tokens', scope: 'tenant', window: 'month', limitUsd: null, limitTokens: 7_000 });
  const groups = Array.from({ length: 20 }, (_, group) =>
    reserveCalls(
      books.db,
      Array.from({ length: 20 }, (_entry, n) => callOf({ tenant: `tenant ${(group + n) % 10}` })),
    ),
  );
  const entered = (await Promise.all(groups)).flat().filter(({ blocks }) => blocks === null);
  expect(entered).toHaveLength(50);
  const rows = await books.database.query<{ name: string; usd: number; tokens: number }>(
    `SELECT name, sum(reserved_usd)::float AS usd, max(reserved_tokens)::int AS tokens FROM holdfast.budgets GROUP BY name ORDER BY name`,
  );
  expect(rows.map(({ name, usd }) => [name, usd])).toEqual([
    ['all', 0.5],
    ['tenants', 0.5],
    ['tokens', 0.5],
  ]);
  expect(rows.at(-1)!.tokens).toBeLessThanOrEqual(7_000);
});

test('groups that begin the same periods in another order do not wait for each other in a circle', async () => {
  await budget({ name: 'tenants', scope: 'tenant', window: 'day', limitUsd: '100' });
  for (let round = 0; round < 25; round += 1) {
    const group = Array.from({ length: 40 }, (_entry, n) => `tenant ${round} ${n}`);
    const orders = [group, group.toReversed(), group, group.toReversed()];
    const entries = await Promise.all(
      orders.map((tenants) =>
        reserveCalls(
          books.db,
          tenants.map((tenant) => callOf({ tenant })),
        ),
      ),
    );
    expect(entries.flat().every(({ blocks }) => blocks === null)).toBe(true);
  }
  const [row] = await books.database.query(
    `SELECT count(*)::int AS counters, sum(reserved_usd)::float AS usd FROM holdfast.budget_counters`,
  );
  expect(row).toEqual({ counters: 1000, usd: 40 });
});

test('a call of a run that is removed at the same time waits for that, and counts without it', async () => {
  await budget({ name: 'each', scope: 'run', window: 'run' });
  await budget();
  const runId = randomUUID();
  await books.db.raw(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, created_at, updated_at) VALUES (:runId, 'SUCCESS', 'w', 1, 1)`,
    { runId },
  );
  const removal = await books.db.transaction();
  await removal.raw('SELECT FROM dbos.workflow_status WHERE workflow_uuid = :runId FOR UPDATE', { runId });
  const entering = enter({ runId });
  await until('the wait', async () => {
    const rows = await books.database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%reserve_calls%'`,
    );
    return rows.length > 0;
  });
  await removal.raw('SELECT holdfast.count_calls_of(ARRAY[:runId])', { runId });
  await removal.raw('DELETE FROM dbos.workflow_status WHERE workflow_uuid = :runId', { runId });
  await removal.commit();
  expect(await entering).toMatchObject({ blocks: null });
  expect(await counters()).toMatchObject([
    { name: 'all', reserved_usd: 0.01 },
    { name: 'each', reserved_usd: null },
  ]);
});
