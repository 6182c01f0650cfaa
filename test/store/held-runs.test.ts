import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Knex } from 'knex';
import { openDatabase } from '../../src/postgres/connection.ts';
import { deleteLeftoverHolds, type Hold, holdRun, releaseHeldRun } from '../../src/store/held-runs.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

const hold: Hold = { reason: 'unexpected_step', stepId: 1, expected: 'new', found: 'old', message: 'They differ.' };

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 4, name: 'test' });
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

/** Makes a run that the execution with the token `ours` has. */
async function running(id: string): Promise<void> {
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid, recovery_attempts)
     VALUES ($1, 'PENDING', 'Any.run', 'ours', 2)`,
    [id],
  );
}

const holds = (): Promise<unknown[]> => database.query('SELECT run_id FROM holdfast.held_runs ORDER BY 1');

test('only the execution that has a run can hold it', async () => {
  await running('theirs');
  expect(await holdRun(db, 'theirs', 'lost', hold)).toBe(false);
  await database.query(`UPDATE dbos.workflow_status SET status = 'CANCELLED' WHERE workflow_uuid = 'theirs'`);
  expect(await holdRun(db, 'theirs', 'ours', hold)).toBe(false);
  expect(await holds()).toEqual([]);
});

test('the claim that ended in a hold counts as no attempt, and a run without a lane goes on in the one for recovery', async () => {
  await running('counted');
  expect(await holdRun(db, 'counted', 'ours', hold)).toBe(true);
  expect(await holdRun(db, 'counted', 'ours', hold)).toBe(false);
  expect(await releaseHeldRun(db, 'counted', 'recovery')).toBe('recovery');
  expect(await releaseHeldRun(db, 'counted', 'recovery')).toBeUndefined();
  const rows = await database.query(
    `SELECT status, owner_xid, recovery_attempts::int FROM dbos.workflow_status WHERE workflow_uuid = 'counted'`,
  );
  expect(rows).toEqual([{ status: 'ENQUEUED', owner_xid: null, recovery_attempts: 1 }]);
});

test('what is left over of a hold is replaced by the next one, and removed after a minute', async () => {
  for (const id of ['held', 'left', 'again']) {
    await running(id);
    await holdRun(db, id, 'ours', hold);
  }
  await database.query(
    `UPDATE dbos.workflow_status SET status = 'PENDING', owner_xid = 'ours' WHERE workflow_uuid IN ('left', 'again')`,
  );
  await holdRun(db, 'again', 'ours', { ...hold, found: 'older' });
  await database.query(`UPDATE holdfast.held_runs SET held_at = now() - interval '2 minutes'`);
  await deleteLeftoverHolds(db);
  expect(await holds()).toEqual([{ run_id: 'again' }, { run_id: 'held' }]);
  const rows = await database.query(`SELECT held ->> 'found' AS found FROM holdfast.runs WHERE id = 'again'`);
  expect(rows).toEqual([{ found: 'older' }]);
});
