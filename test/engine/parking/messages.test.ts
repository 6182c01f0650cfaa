// Steps of one run that take messages at the same time: each message is taken once, and none is overlooked.

import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Messages, type Receipt } from '../../../src/engine/parking/messages.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

let database: TestDatabase;
let pool: pg.Pool;
let messages: Messages;
let runId: string;

beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 5 });
  // The database may be removed before the last connection is closed.
  pool.on('error', () => {});
  messages = new Messages(pool, 'holdfast');
});

beforeEach(async () => {
  const rows = await database.query<{ id: string }>(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid)
     VALUES (gen_random_uuid(), 'PENDING', 'Task.run', 'token') RETURNING workflow_uuid AS id`,
  );
  runId = rows[0]!.id;
});

afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

async function send(message: string): Promise<void> {
  await database.query(
    `INSERT INTO dbos.notifications (destination_uuid, topic, message, created_at_epoch_ms)
     VALUES ($1, 'go', $2, (SELECT count(*) FROM dbos.notifications))`,
    [runId, message],
  );
}

function receipt(stepId: number, isOver: boolean): Receipt {
  return { runId, topic: 'go', stepId, startedAt: 1, endedAt: 2, token: 'token', isOver };
}

/** All of them begin before the first one ends: they wait for the lock of the run's row. `meanwhile` happens before they get it. */
async function takeTogether(
  receipts: Receipt[],
  meanwhile: (locked: pg.ClientBase) => Promise<unknown> = async () => {},
): Promise<(string | null | undefined)[]> {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM dbos.workflow_status WHERE workflow_uuid = $1 FOR UPDATE', [runId]);
  const taken = receipts.map((each) => messages.take(each));
  await until('all to wait', async () => {
    const rows = await database.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    return rows.length === receipts.length;
  });
  await meanwhile(client);
  await client.query('COMMIT');
  client.release();
  return (await Promise.all(taken)).map((received) => received && received.message);
}

async function consumed(): Promise<string[]> {
  const rows = await database.query<{ message: string }>(
    'SELECT message FROM dbos.notifications WHERE destination_uuid = $1 AND consumed ORDER BY 1',
    [runId],
  );
  return rows.map((row) => row.message);
}

test.each([true, false])('two steps take two messages, whether their time is up or not: %s', async (isOver) => {
  await send('first');
  await send('second');
  const taken = await takeTogether([receipt(0, isOver), receipt(1, isOver)]);
  expect(new Set(taken)).toEqual(new Set(['first', 'second']));
  expect(await consumed()).toEqual(['first', 'second']);
});

test.each([
  [true, null],
  [false, undefined],
])('of two steps one takes the only message; with its time up (%s) the other one has none', async (isOver, none) => {
  await send('only');
  const taken = await takeTogether([receipt(0, isOver), receipt(1, isOver)]);
  expect(taken).toHaveLength(2);
  expect(new Set(taken)).toEqual(new Set(['only', none]));
});

test('a step that is repeated while its first attempt is under way takes one message', async () => {
  await send('first');
  await send('second');
  expect(await takeTogether([receipt(0, true), receipt(0, true)])).toEqual(['first', 'first']);
  expect(await consumed()).toEqual(['first']);
});

test('a repeated step whose first attempt came too early for the message leaves the message to others', async () => {
  await send('late');
  const record = `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) VALUES ($1, 0, 'DBOS.recv')`;
  expect(await takeTogether([receipt(0, true)], (locked) => locked.query(record, [runId]))).toEqual([null]);
  expect(await consumed()).toEqual([]);
  expect(await messages.take(receipt(1, false))).toMatchObject({ message: 'late' });
});
