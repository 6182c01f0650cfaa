// The waits of runs that are over are forgotten; those of a run that somebody brings back just then are not.

import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ParkedRuns } from '../../../src/engine/parking/parked-runs.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

let database: TestDatabase;
let pool: pg.Pool;
let runs: ParkedRuns;
let runId: string;

beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  // The database may be removed before the last connection is closed.
  pool.on('error', () => {});
  runs = new ParkedRuns(pool, 'holdfast');
});

afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

/** A run that waited, was woken, and was cancelled. */
beforeEach(async () => {
  const rows = await database.query<{ id: string }>(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid, queue_name)
     VALUES (gen_random_uuid(), 'PENDING', 'Task.run', 'token', 'default') RETURNING workflow_uuid AS id`,
  );
  runId = rows[0]!.id;
  await park('token');
  await database.query(
    `UPDATE dbos.workflow_status SET status = 'CANCELLED', owner_xid = NULL WHERE workflow_uuid = $1`,
    [runId],
  );
});

const park = (token: string): Promise<boolean> =>
  runs.park({ runId, token, until: undefined, topics: ['go'], runIds: [] });

const waits = async (): Promise<unknown[]> =>
  database.query('SELECT key FROM holdfast.waits WHERE run_id = $1', [runId]);

/** What a resumption and the claim after it do to the row. */
const CLAIM = `UPDATE dbos.workflow_status SET status = 'PENDING', owner_xid = 'another' WHERE workflow_uuid = $1`;

test('a run that is over waits for nothing', async () => {
  expect(await waits()).toEqual([{ key: 'go' }]);
  await runs.missed();
  expect(await waits()).toEqual([]);
});

test('a run that is being claimed keeps its waits, and wakes', async () => {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(CLAIM, [runId]);
  await runs.missed();
  await client.query('COMMIT');
  client.release();
  expect(await waits()).toEqual([{ key: 'go' }]);

  expect(await park('another')).toBe(true);
  await runs.missed();
  expect(await runs.wake([{ kind: 'message', runId, topic: 'go' }])).toEqual(['default']);
});

test('a run that is claimed and parked while old waits are removed keeps its new ones', async () => {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM holdfast.waits WHERE run_id = $1 FOR UPDATE', [runId]);
  const removal = runs.missed();
  await until('the removal to be at the wait', async () => (await waitingForLocks()) === 1);
  let isParked: boolean | undefined;
  const claim = pool.query(CLAIM, [runId]).then(async () => (isParked = await park('another')));
  await until('the claim to wait, or to have passed', async () => isParked || (await waitingForLocks()) === 2);
  await client.query('COMMIT');
  client.release();
  await Promise.all([removal, claim]);
  expect(isParked).toBe(true);
  expect(await waits()).toEqual([{ key: 'go' }]);
});

async function waitingForLocks(): Promise<number> {
  const rows = await database.query(
    `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
  );
  return rows.length;
}
