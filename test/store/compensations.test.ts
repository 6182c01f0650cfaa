import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/postgres/connection.ts';
import { arm, type ArmedCall, armedCalls, closeCall, settleCall } from '../../src/store/compensations.ts';
import { hasUnknown, noteAnswer, noteSending, type Sending } from '../../src/store/effects.ts';
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

/** Begins a call of a run that runs. */
async function begin(runId: string, stepId = 0, executionId: string = randomUUID()): Promise<ArmedCall> {
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, name, status) VALUES ($1, 'Any.run', 'PENDING')
     ON CONFLICT (workflow_uuid) DO NOTHING`,
    [runId],
  );
  const key = `key of ${runId} ${stepId}`;
  const call = { runId, stepId, tool: 'Any.tool', effect: 'compensable' as const, arguments: '{}', key };
  expect(await arm(db, { ...call, executionId })).toBe(true);
  return { ...call, kind: 'call', wave: 0, outcome: 'failed' };
}

const ended = (runId: string, stepId: number): Promise<unknown> =>
  database.query(
    `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) VALUES ($1, $2, 'Any.tool')`,
    [runId, stepId],
  );

const sending = ({ runId, stepId, key, tool }: ArmedCall): Sending => {
  const request = { ordinal: 1, method: 'POST', url: 'http://shop.test/', requestHash: 'one' };
  return { id: randomUUID(), key, runId, stepId, tool, ...request };
};

test('closing a call waits for a receipt that is being written, and sees it', async () => {
  const call = await begin('written first');
  const other = await db.transaction();
  expect(await noteSending(other, sending(call))).toBe('noted');
  let isClosed = false;
  const closing = closeCall(db, call).finally(() => (isClosed = true));
  await until('the closing waits', async () => {
    const waiting = await database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return waiting.length > 0;
  });
  expect(isClosed).toBe(false);
  await other.commit();
  expect(await closing).toMatchObject({ isSettled: false, mayHaveActed: true });
});

test('nothing is sent for a call that is closed, by whatever attempt', async () => {
  const call = await begin('closed first');
  expect(await noteSending(db, sending(call))).toBe('noted');
  await closeCall(db, call);
  expect(await noteSending(db, sending(call))).toBe('closed');
  await settleCall(db, call, 'undone');
  expect(await noteSending(db, { ...sending(call), key: 'another key' })).toBe('closed');
  expect(await database.query(`SELECT attempts FROM holdfast.receipts WHERE run_id = 'closed first'`)).toEqual([
    { attempts: 1 },
  ]);
  expect(await closeCall(db, call)).toMatchObject({ isSettled: true });
});

test('a call without receipts may have acted when an execution died in it', async () => {
  const call = await begin('died');
  expect(await closeCall(db, { ...call, outcome: 'failed' })).toMatchObject({ mayHaveActed: false });
  expect(await closeCall(db, { ...call, outcome: 'none' })).toMatchObject({ mayHaveActed: true });
  const again = await begin('died again');
  await begin('died again');
  expect(await closeCall(db, again)).toMatchObject({ mayHaveActed: true });
  const refused = sending(again);
  await database.query(`UPDATE holdfast.compensations SET state = 'armed' WHERE run_id = 'died again'`);
  await noteSending(db, refused);
  await noteAnswer(db, refused, 422, null);
  expect(await closeCall(db, again)).toMatchObject({ mayHaveActed: false });
});

test('a statement that is repeated because its answer was lost is no other execution', async () => {
  const executionId = randomUUID();
  const call = await begin('repeated', 0, executionId);
  await begin('repeated', 0, executionId);
  expect(await closeCall(db, call)).toMatchObject({ mayHaveActed: false });
});

test('calls that began before any of them had ended are of one wave', async () => {
  await begin('waves', 0);
  await begin('waves', 1);
  await ended('waves', 0);
  await begin('waves', 2);
  await ended('waves', 1);
  await begin('waves', 3);
  await ended('waves', 2);
  await begin('waves', 4);
  // Another execution of it finds it where it was.
  await begin('waves', 1);
  const calls = await armedCalls(db, 'waves');
  expect(calls.map(({ stepId, wave }) => [stepId, wave])).toEqual([
    [4, 2],
    [3, 1],
    [2, 1],
    [1, 0],
    [0, 0],
  ]);
});

test('whether an earlier execution began the call matters to a new one only', async () => {
  const { runId, stepId } = await begin('unknown');
  expect(await hasUnknown(db, runId, stepId, true)).toBe(true);
  expect(await hasUnknown(db, runId, stepId, false)).toBe(false);
  expect(await hasUnknown(db, 'never begun', stepId, true)).toBe(false);
});
