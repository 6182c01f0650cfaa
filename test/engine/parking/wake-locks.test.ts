// Whoever wakes runs does not wait for those that are not parked.

import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engineUrl } from '../../../src/engine/connection-settings.ts';
import { ParkedRuns } from '../../../src/engine/parking/parked-runs.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool({ connectionString: engineUrl(database.url) });
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid, queue_name)
     VALUES ('writes', 'PENDING', 'Task.run', 'token', 'mail'), ('waits', 'DELAYED', 'Task.run', 'parked', 'mail')`,
  );
  // What a run has waited for stays noted until it waits again.
  await database.query(
    `INSERT INTO holdfast.waits (run_id, kind, key) VALUES ('writes', 'message', 'go'), ('waits', 'message', 'go')`,
  );
});

afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

test('a parked run is woken while another one writes', async () => {
  const runs = new ParkedRuns(pool, undefined);
  const writer = await pool.connect();
  try {
    await writer.query('BEGIN');
    await writer.query(`SELECT FROM dbos.workflow_status WHERE workflow_uuid = 'writes' FOR NO KEY UPDATE`);
    const reasons = ['writes', 'waits'].map((runId) => ({ kind: 'message', runId, topic: 'go' }) as const);
    expect(await runs.wake(reasons)).toEqual(['mail']);
    expect(await runs.wakeRuns(['writes'])).toEqual([]);
  } finally {
    await writer.query('ROLLBACK');
    writer.release();
  }
});
