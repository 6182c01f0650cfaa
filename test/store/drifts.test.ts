import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/postgres/connection.ts';
import { type Drift, insertDrifts } from '../../src/store/drifts.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Knex;

beforeAll(async () => {
  database = await freshDatabase();
  db = openDatabase(database.url, { max: 2, name: 'test' });
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name) VALUES ('a', 'PENDING', 'Clerk.work'), ('b', 'PENDING', 'Clerk.work')`,
  );
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const drift = (runId: string, more: Partial<Drift> = {}): Drift => ({
  runId,
  stepId: 0,
  agent: 'Clerk.work',
  changed: [{ part: 'template', recorded: '1', present: '2' }],
  recorded: {},
  present: {},
  presentHash: 'now',
  policy: 'warn',
  outcome: 'went_on',
  ...more,
});

test('a run that was taken up twice in a moment is entered once, and those beside it are not lost', async () => {
  const drifts = [drift('a'), drift('a', { policy: 'accept' }), drift('a', { stepId: 2 }), drift('b')];
  expect((await insertDrifts(db, drifts)).toSorted()).toEqual(['a', 'b']);
  expect(await insertDrifts(db, drifts)).toEqual([]);
  const rows = await database.query('SELECT run_id, step_id, policy FROM holdfast.drifts ORDER BY 1, 2');
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['a', 0, 'accept'],
    ['a', 2, 'warn'],
    ['b', 0, 'warn'],
  ]);
});

test('a run that was removed meanwhile is nobody’s business', async () => {
  expect(await insertDrifts(db, [drift('gone')])).toEqual([]);
});
