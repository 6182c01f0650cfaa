// A run is taken back to a step in one transaction: all of it, or nothing.

import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rewindRun } from '../../src/engine/rewind.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 3, name: 'test' });
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

/** Makes a run that the execution with the token `ours` has, with these steps. */
async function running(id: string, steps: readonly string[]): Promise<void> {
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid, queue_name, recovery_attempts)
     VALUES ($1, 'PENDING', 'Clerk.work', 'ours', 'lane', 2)`,
    [id],
  );
  await database.query(
    `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name)
     SELECT $1, n - 1, name FROM unnest($2::text[]) WITH ORDINALITY AS step(name, n)`,
    [id, steps],
  );
}

async function shown(id: string) {
  const [run] = await database.query(
    'SELECT status, owner_xid, recovery_attempts::int FROM dbos.workflow_status WHERE workflow_uuid = $1',
    [id],
  );
  const steps = await database.query('SELECT FROM dbos.operation_outputs WHERE workflow_uuid = $1', [id]);
  return { ...run, steps: steps.length };
}

const UNTOUCHED = { status: 'PENDING', owner_xid: 'ours', recovery_attempts: 2 };
const back = (runId: string, more: Partial<Parameters<typeof rewindRun>[1]> = {}) =>
  rewindRun(db, { runId, token: 'ours', stepId: 1, harmless: ['model', 'look'], note: async () => {}, ...more });

test('what follows the step is forgotten, and the run waits in its lane', async () => {
  await running('back', ['model', 'model', 'look', 'model']);
  expect(await back('back')).toEqual({ lane: 'lane' });
  expect(await shown('back')).toEqual({ status: 'ENQUEUED', owner_xid: null, recovery_attempts: 1, steps: 1 });
});

test('of two that take it back at once, one does', async () => {
  await running('twice', ['model', 'model']);
  const outcomes = await Promise.all([back('twice'), back('twice')]);
  expect(outcomes).toEqual(expect.arrayContaining([{ lane: 'lane' }, 'lost']));
  expect(await back('twice', { token: 'theirs' })).toBe('lost');
});

test('nothing is forgotten where the note cannot be written, nor where something was done', async () => {
  await running('failed', ['model', 'model', 'look']);
  const note = () => Promise.reject(new Error('no room'));
  await expect(back('failed', { note })).rejects.toThrow('no room');
  expect(await shown('failed')).toEqual({ ...UNTOUCHED, steps: 3 });

  await running('acted', ['letter', 'model', 'look', 'letter']);
  expect(await back('acted')).toEqual({ obstacle: 'step 3 (letter)' });
  expect(await shown('acted')).toEqual({ ...UNTOUCHED, steps: 4 });
});

test('drift of turns that are forgotten is none any more, but how often the run was taken back is known', async () => {
  await running('drifted', ['model', 'model', 'model', 'model']);
  await database.query(
    `INSERT INTO holdfast.drifts (run_id, step_id, present_hash, agent, changed, recorded, present, policy, outcome, rewinds)
     SELECT 'drifted', n, 'then', 'Clerk.work', '[]', '{}', '{}', 'warn', 'went_on', CASE n WHEN 2 THEN 1 ELSE 0 END
       FROM generate_series(0, 3) AS n`,
  );
  await back('drifted');
  const left = await database.query(`SELECT step_id FROM holdfast.drifts WHERE run_id = 'drifted' ORDER BY 1`);
  expect(left.map(({ step_id }) => step_id)).toEqual([0, 2]);
});

test('a child is not harmless, whatever its name', async () => {
  await running('parent', ['model', 'model', 'look']);
  await database.query(
    `UPDATE dbos.operation_outputs SET child_workflow_id = 'child' WHERE workflow_uuid = 'parent' AND function_id = 2`,
  );
  expect(await back('parent')).toEqual({ obstacle: 'step 2 (look)' });
});
