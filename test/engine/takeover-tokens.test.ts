import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resumeStopped } from '../../src/engine/resumed-runs.ts';
import { handOver, requeueOrphans } from '../../src/engine/takeover.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 2, name: 'test' });
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

/** A run of `executor`, with a step that has ended, number 0, and one that has not. A model has spoken in both. */
async function speakingRun(id: string, executor: string): Promise<void> {
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, application_name, executor_id, owner_xid, recovery_attempts)
     VALUES ($1, 'PENDING', 'Any.run', 'ours', $2, 'theirs', 1)`,
    [id, executor],
  );
  await database.query(
    `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) VALUES ($1, 0, 'step')`,
    [id],
  );
  await database.query(
    `INSERT INTO holdfast.token_chunks (run_id, step_id, generation, start, deltas)
     SELECT $1, step, 'a', 0, '[[0, "text", "It "]]' FROM generate_series(0, 1) AS step`,
    [id],
  );
}

function spoken(id: string): Promise<{ step: number }[]> {
  return database.query('SELECT step_id AS step FROM holdfast.token_chunks WHERE run_id = $1', [id]);
}

test('whoever takes over a run does not keep what was said in a step that has no end', async () => {
  await speakingRun('orphan', 'dead');
  await speakingRun('handed over', 'stopping');
  await speakingRun('cancelled', 'any');
  await handOver(db, 'stopping');
  expect(await spoken('handed over')).toEqual([{ step: 0 }]);
  await database.query(`UPDATE dbos.workflow_status SET status = 'CANCELLED' WHERE workflow_uuid = 'cancelled'`);
  await resumeStopped(db, 'cancelled', new Map());
  expect(await spoken('cancelled')).toEqual([{ step: 0 }]);
  expect(await spoken('orphan')).toHaveLength(2);
  await requeueOrphans(db, 'ours');
  expect(await spoken('orphan')).toEqual([{ step: 0 }]);
});
