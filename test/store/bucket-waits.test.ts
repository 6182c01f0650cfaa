// What looks after calls that wait stands in nobody's way, and forgets what nobody uses any more.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Knex } from 'knex';
import { openDatabase } from '../../src/postgres/connection.ts';
import { forgetWaits, lapseGrants } from '../../src/store/bucket-waits.ts';
import { declareBuckets, forgetBuckets, forgetHolders, lockBuckets } from '../../src/store/buckets.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const KEY = 'endpoint/shared';

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 3, name: 'test' });
});

beforeEach(async () => {
  await database.query('TRUNCATE holdfast.bucket_levels, holdfast.bucket_waits');
  await declareBuckets(db, [{ key: KEY, kind: 'endpoint', name: 'shared', limits: { rpm: 60 } }]);
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

async function wait(granted: string | null): Promise<string> {
  const [row] = await database.query(
    `INSERT INTO holdfast.bucket_waits (id, bucket, tenant, executor_id, tokens, place, granted_at)
     VALUES (gen_random_uuid(), $1, 'one', 'a', 0, 1, now() - $2::interval) RETURNING id`,
    [KEY, granted],
  );
  return row.id as string;
}

test('room that is given back and a round do not wait for each other', async () => {
  const id = await wait('1 hour');
  let lapsing: Promise<number> | undefined;
  await db.transaction(async (trx) => {
    await lockBuckets(trx, [KEY]);
    lapsing = lapseGrants(db, 1000);
    await until('it to wait for the round', async () => {
      const rows = await database.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%lapsed%'`,
      );
      return rows.length > 0;
    });
    await trx.raw('UPDATE holdfast.bucket_waits SET tokens = 5 WHERE id = ?', [id]);
  });
  expect(await lapsing).toBe(1);
  expect(await database.query('SELECT granted_at, lapses FROM holdfast.bucket_waits')).toEqual([
    { granted_at: null, lapses: 1 },
  ]);
});

test('what a round holds is left for later', async () => {
  const id = await wait(null);
  await database.query(`INSERT INTO holdfast.bucket_flows VALUES ($1, 'one', -1)`, [KEY]);
  await db.transaction(async (trx) => {
    await trx.raw('UPDATE holdfast.bucket_waits SET tokens = 5 WHERE id = ?', [id]);
    await trx.raw('UPDATE holdfast.bucket_flows SET finish_ms = -2');
    await forgetWaits(db);
    await forgetHolders(db);
  });
  const left = async () =>
    (
      await database.query(
        'SELECT bucket FROM holdfast.bucket_waits UNION ALL SELECT bucket FROM holdfast.bucket_flows',
      )
    ).length;
  expect(await left()).toBe(2);
  await forgetWaits(db);
  await forgetHolders(db);
  expect(await left()).toBe(0);
});

test('buckets that nobody has used for long are forgotten, unless somebody waits for them', async () => {
  await forgetBuckets(db);
  const count = async () => (await database.query('SELECT FROM holdfast.bucket_levels')).length;
  expect(await count()).toBe(1);
  await database.query(`UPDATE holdfast.bucket_levels SET served_at = now() - interval '8 days'`);
  await wait(null);
  await forgetBuckets(db);
  expect(await count()).toBe(1);
  await database.query('TRUNCATE holdfast.bucket_waits');
  await forgetBuckets(db);
  expect(await count()).toBe(0);
});
