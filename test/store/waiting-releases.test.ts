// A release, and a resumption, that have to wait for somebody else see what is there by then, not what was there when they began.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Knex } from 'knex';
import { resumeStopped } from '../../src/engine/resumed-runs.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import { type Hold, holdRun, releaseHeldRun, wasReleased } from '../../src/store/held-runs.ts';
import { requestUnwind } from '../../src/store/unwind-requests.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

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

const LANE = 'lane';
const hold = (stepId: number): Hold => ({
  reason: 'irreversible_effect',
  stepId,
  expected: null,
  found: null,
  message: 'May it go on?',
});

async function insertRun(id: string, status: string, parent: string | null = null): Promise<void> {
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid, parent_workflow_id, created_at, updated_at)
     VALUES ($1, $2, 'Some.work', 'mine', $3, 1, 1)`,
    [id, status, parent],
  );
}

/** Begins `act` while the row of the run is locked, does `meanwhile` in the transaction that has the lock, and returns what `act` does. */
async function whileLocked<T>(
  runId: string,
  act: () => Promise<T>,
  meanwhile: (trx: Knex) => Promise<unknown>,
): Promise<T> {
  const acting = await db.transaction(async (trx) => {
    await trx.raw('SELECT FROM dbos.workflow_status WHERE workflow_uuid = ? FOR UPDATE', [runId]);
    const result = act();
    await until('it waits', async () => {
      const rows = await database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    await meanwhile(trx);
    return { result };
  });
  return acting.result;
}

test('a run that was released and held again before is released from where it is held by then', async () => {
  await insertRun('held', 'PENDING');
  await holdRun(db, 'held', 'mine', hold(1));
  const lane = await whileLocked(
    'held',
    () => releaseHeldRun(db, 'held', LANE),
    async (trx) => {
      await trx.raw(`DELETE FROM holdfast.held_runs WHERE run_id = 'held'`);
      await trx.raw(
        `UPDATE dbos.workflow_status SET status = 'PENDING', owner_xid = 'mine' WHERE workflow_uuid = 'held'`,
      );
      await holdRun(trx, 'held', 'mine', hold(2));
    },
  );
  expect(lane).toBe(LANE);
  expect(await wasReleased(db, 'held', 2, 'irreversible_effect')).toBe(true);
  expect(await database.query('SELECT FROM holdfast.held_runs')).toEqual([]);
});

test('a child whose parent is to be unwound by then does not go on', async () => {
  await insertRun('parent', 'ERROR');
  await insertRun('child', 'CANCELLED', 'parent');
  const resumed = await whileLocked(
    'child',
    () => resumeStopped(db, 'child', new Map()),
    () => requestUnwind(db, 'parent'),
  );
  expect(resumed).toEqual({ resumed: 0, unwound: 'parent' });
  const [child] = await database.query(`SELECT status FROM dbos.workflow_status WHERE workflow_uuid = 'child'`);
  expect(child).toEqual({ status: 'CANCELLED' });
});
