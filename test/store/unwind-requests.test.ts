import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Unwinds } from '../../src/agent/unwinds.ts';
import { arm, settleKept } from '../../src/store/compensations.ts';
import { noteAllFailed, noteFailed, requestUnwind, unwindable } from '../../src/store/unwind-requests.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { type Explained, explained } from '../support/plans.ts';
import { until } from '../support/until.ts';

let database: TestDatabase;
let session: Explained;

beforeAll(async () => {
  database = await freshDatabase();
  session = explained(database.url);
});

beforeEach(async () => {
  for (const table of ['dbos.workflow_status', 'holdfast.compensations', 'holdfast.unwind_requests'])
    await database.query(`DELETE FROM ${table}`);
});

afterAll(async () => {
  await session?.close();
  await database?.drop();
});

async function runs(status: string, ...ids: string[]): Promise<void> {
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, name, status, application_name, completed_at, parent_workflow_id)
     SELECT id, 'Any.run', $1, 'ours', 1, NULLIF(regexp_replace(id, '-\\d+$', ''), id) FROM unnest($2::text[]) AS id`,
    [status, ids],
  );
}

async function armed(...runIds: string[]): Promise<void> {
  await database.query(
    `INSERT INTO holdfast.compensations (run_id, step_id, tool, effect, arguments, key)
     SELECT id, 0, 'Any.tool', 'compensable', '{}', id FROM unnest($1::text[]) AS id`,
    [runIds],
  );
}

const noted = async (): Promise<unknown[]> =>
  (await database.query('SELECT run_id FROM holdfast.unwind_requests ORDER BY 1')).map(({ run_id: id }) => id);
const startable = async (): Promise<string[]> =>
  (await unwindable(session.db, 'ours', [])).map(({ runId }) => runId).sort();

test('failed runs with something to undo are found from that, and no others are looked at', async () => {
  await runs('ERROR', ...Array.from({ length: 3000 }, (_, index) => `nothing ${index}`));
  await runs('ERROR', 'failed', 'parent', 'above');
  await runs('SUCCESS', 'parent-1', 'succeeded');
  await runs('PENDING', 'running', 'above-1');
  await runs('CANCELLED', 'cancelled');
  await runs('MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'dead');
  await armed('failed', 'parent-1', 'succeeded', 'running', 'above-1', 'cancelled', 'dead');
  await database.query('ANALYZE');
  const plans = await session.plansOf(() => noteAllFailed(session.db, 'ours'));
  expect(await noted()).toEqual(['above', 'failed', 'parent']);
  expect(plans).toHaveLength(1);
  expect(plans[0]!.mostRows, plans[0]!.text).toBeLessThan(30);
  const again = await session.plansOf(async () => expect(await startable()).toEqual(['above', 'failed', 'parent']));
  for (const { mostRows, text } of again) expect(mostRows, text).toBeLessThan(30);
});

test('what runs did is kept once they and all above them have succeeded, and is not looked at any more', async () => {
  await runs('SUCCESS', 'succeeded', 'succeeded-1', 'succeeded-1-1', 'running-1', 'running-1-1', 'failed-1');
  await runs('PENDING', 'running');
  await runs('ERROR', 'failed');
  await runs('CANCELLED', 'cancelled');
  const kept = ['succeeded', 'succeeded-1-1'];
  const others = ['cancelled', 'failed', 'failed-1', 'running', 'running-1-1'];
  await armed(...kept, ...others);
  await armed(...Array.from({ length: 5000 }, (_, index) => `kept ${index}`));
  await runs('SUCCESS', ...Array.from({ length: 5000 }, (_, index) => `kept ${index}`));
  await settleKept(session.db);
  const states = await database.query(
    `SELECT run_id FROM holdfast.compensations WHERE state = 'kept' AND run_id NOT LIKE 'kept %' ORDER BY 1`,
  );
  expect(states.map(({ run_id: id }) => id)).toEqual(kept);
  await database.query('VACUUM ANALYZE holdfast.compensations');
  const plans = await session.plansOf(async () => {
    await noteAllFailed(session.db, 'ours');
    await settleKept(session.db);
  });
  expect(await noted()).toEqual(['failed']);
  for (const { mostRows, text } of plans) expect(mostRows, text).toBeLessThan(30);
});

test('of the runs that are said to have failed, those are noted that have something to undo', async () => {
  await runs('ERROR', 'failed', 'nothing', 'parent');
  await runs('SUCCESS', 'parent-1', 'succeeded');
  await armed('failed', 'parent-1', 'succeeded');
  await noteFailed(session.db, ['failed', 'nothing', 'parent', 'succeeded', 'removed']);
  expect(await noted()).toEqual(['failed', 'parent']);
});

test('a request waits until its run is over, and is forgotten when that has succeeded', async () => {
  await runs('PENDING', 'running');
  await runs('SUCCESS', 'succeeded');
  await runs('CANCELLED', 'cancelled');
  await runs('MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'dead');
  for (const id of ['running', 'succeeded', 'cancelled', 'dead'])
    expect(await requestUnwind(session.db, id)).toBe(true);
  expect(await requestUnwind(session.db, 'dead')).toBe(false);
  expect(await startable()).toEqual(['cancelled', 'dead']);
  expect(await noted()).toEqual(['cancelled', 'dead', 'running']);
});

test('an unwinding that cannot be started does not keep others waiting, and none is started twice', async () => {
  const ids = Array.from({ length: 250 }, (_, index) => `failed ${index}`);
  await runs('ERROR', ...ids);
  await armed(...ids);
  const started: string[] = [];
  const log = { warn: () => {}, info: () => {} };
  const start = async (runId: string): Promise<void> => {
    if (runId === 'failed 0') throw new Error('no room');
    started.push(runId);
  };
  const unwinds = new Unwinds({ db: session.db, application: 'ours', log, start });
  unwinds.start();
  await until('the others are started', () => started.length === 249);
  await runs('ERROR', 'late');
  await armed('late');
  unwinds.failed('late');
  await until('the late one is started', () => started.includes('late'));
  await unwinds.stop();
  expect(new Set(started).size).toBe(started.length);
  expect(await startable()).toEqual(['failed 0']);
});

test('a call is not begun for a run that is over', async () => {
  await runs('PENDING', 'running');
  await runs('CANCELLED', 'cancelled');
  const beginning = (runId: string) => {
    const executionId = '7b9f9d1e-6f0c-4b53-9bd4-9f6cf8dd6c11';
    return {
      runId,
      stepId: 0,
      tool: 'Any.tool',
      effect: 'compensable' as const,
      arguments: '{}',
      key: runId,
      executionId,
    };
  };
  expect(await arm(session.db, beginning('running'))).toBe(true);
  expect(await arm(session.db, beginning('cancelled'))).toBe(false);
});
