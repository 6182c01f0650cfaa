// What a checkpoint answers, by itself and in a group: written, written before, somebody else's, cancelled, lost on the way.

import errors from '@dbos-inc/dbos-sdk/internal/error';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engineUrl } from '../../../src/engine/connection-settings.ts';
import { type StepCheckpoint, StepCheckpoints } from '../../../src/engine/history/step-checkpoint.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await freshDatabase();
  pool = new pg.Pool({ connectionString: engineUrl(database.url) });
});

afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

let runs = 0;

/** Inserts a run that `token` owns, and returns its id. */
async function insertRun(token: string | null = 'ours', status = 'PENDING'): Promise<string> {
  const id = `run${(runs += 1)}`;
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid) VALUES ($1, $2, 'Task.run', $3)`,
    [id, status, token],
  );
  return id;
}

function checkpoint(runId: string, output = '1', endedAt = 2): StepCheckpoint {
  return {
    runId,
    stepId: 0,
    name: 'work',
    startedAt: 1,
    endedAt,
    output,
    error: null,
    serialization: null,
    childRunId: null,
    token: 'ours',
  };
}

async function recorded(runId: string): Promise<string[]> {
  const rows = await database.query('SELECT output FROM dbos.operation_outputs WHERE workflow_uuid = $1', [runId]);
  return rows.map(({ output }) => output);
}

/** Writes them as one group. */
async function inOneGroup(checkpoints: StepCheckpoint[], through: Pick<pg.Pool, 'query'> = pool): Promise<unknown[]> {
  const group = new StepCheckpoints(through as pg.Pool, undefined, () => false);
  const outcomes = await Promise.allSettled(checkpoints.map((each) => group.write(each)));
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.constructor));
}

const alone = async (each: StepCheckpoint, through?: Pick<pg.Pool, 'query'>): Promise<unknown> =>
  (await inOneGroup([each], through))[0];

/** A pool that loses the answers to the first `count` statements, which are done all the same. */
function losing(count: number): Pick<pg.Pool, 'query'> & { statements: string[] } {
  const statements: string[] = [];
  const query = async (statement: pg.QueryConfig): Promise<pg.QueryResult> => {
    const answer = await pool.query(statement);
    if (statements.push(statement.name!) <= count) throw new Error('Connection terminated unexpectedly');
    return answer;
  };
  return { query: query as pg.Pool['query'], statements };
}

test('a checkpoint by itself is one statement, and its repetition is the same checkpoint', async () => {
  const runId = await insertRun();
  const { query, statements } = losing(0);
  expect(await alone(checkpoint(runId), { query })).toBe(true);
  expect(statements).toEqual(['holdfast_checkpoint_one']);
  expect(await alone(checkpoint(runId))).toBe(true);
  expect(await recorded(runId)).toEqual(['1']);
});

test('a step that is recorded keeps what it has', async () => {
  const runId = await insertRun();
  await alone(checkpoint(runId, 'first', 2));
  expect(await alone(checkpoint(runId, 'second', 3))).toBe(false);
  expect(await recorded(runId)).toEqual(['first']);
});

test('nothing is recorded for a run that is not ours', async () => {
  const foreign = await insertRun('theirs');
  const cancelled = await insertRun(null, 'CANCELLED');
  const { DBOSWorkflowCancelledError, DBOSWorkflowConflictError } = errors;
  expect(await alone(checkpoint(foreign))).toBe(DBOSWorkflowConflictError);
  expect(await alone(checkpoint(cancelled))).toBe(DBOSWorkflowCancelledError);
  expect(await alone(checkpoint('nobody'))).toBe(DBOSWorkflowConflictError);
  expect([...(await recorded(foreign)), ...(await recorded(cancelled)), ...(await recorded('nobody'))]).toEqual([]);
});

test('in a group each gets its own answer', async () => {
  const [first, second, foreign] = [await insertRun(), await insertRun(), await insertRun('theirs')];
  const cancelled = await insertRun(null, 'CANCELLED');
  const { DBOSWorkflowCancelledError, DBOSWorkflowConflictError } = errors;
  const group = [first, foreign, cancelled, 'nobody', second].map((runId) => checkpoint(runId));
  const answers = [true, DBOSWorkflowConflictError, DBOSWorkflowCancelledError, DBOSWorkflowConflictError, true];
  expect(await inOneGroup(group)).toEqual(answers);
  // Two are recorded by now, so the group fails, and each is asked for by itself.
  expect(await inOneGroup(group)).toEqual(answers);
  expect([await recorded(first), await recorded(foreign), await recorded(second)]).toEqual([['1'], [], ['1']]);
});

test('a group does not wait for a run that is locked', async () => {
  const [free, locked] = [await insertRun(), await insertRun()];
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM dbos.workflow_status WHERE workflow_uuid = $1 FOR UPDATE', [locked]);
    const group = new StepCheckpoints(pool, undefined, () => false);
    const answers = [group.write(checkpoint(free)), group.write(checkpoint(locked))];
    expect(await answers[0]).toBe(true);
    expect(await recorded(locked)).toEqual([]);
    await holder.query('COMMIT');
    expect(await answers[1]).toBe(true);
    expect(await recorded(locked)).toEqual(['1']);
  } finally {
    holder.release();
  }
});

test('a group whose answer is lost is asked for one by one', async () => {
  const [first, second] = [await insertRun(), await insertRun()];
  const { query, statements } = losing(1);
  expect(await inOneGroup([checkpoint(first), checkpoint(second)], { query })).toEqual([true, true]);
  // The statement that only writes is refused, because it has been written.
  const [many, ...verdicts] = statements;
  expect(many).toBe('holdfast_checkpoint_many');
  expect(verdicts).toEqual(['holdfast_checkpoint_verdict', 'holdfast_checkpoint_verdict']);
  expect([await recorded(first), await recorded(second)]).toEqual([['1'], ['1']]);
});

test('a checkpoint whose answer is lost is the same when it is written again', async () => {
  const runId = await insertRun();
  const { query, statements } = losing(1);
  const checkpoints = new StepCheckpoints({ query } as pg.Pool, undefined, () => false);
  await expect(checkpoints.write(checkpoint(runId))).rejects.toThrow('Connection terminated');
  expect(await checkpoints.write(checkpoint(runId))).toBe(true);
  expect(statements).toEqual(['holdfast_checkpoint_one', 'holdfast_checkpoint_verdict']);
  expect(await recorded(runId)).toEqual(['1']);
});
