// How Postgres parks and ends many runs at once: by their keys, whatever its statistics say.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunOutcomes } from '../../../src/engine/history/run-outcome.ts';
import { ParkedRuns } from '../../../src/engine/parking/parked-runs.ts';
import { engineUrl } from '../../../src/engine/connection-settings.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { type Explained, explained, type Plan } from '../../support/plans.ts';

const RUNNING = 1000;
const AT_ONCE = 300;

let database: TestDatabase;
let connections: Explained;

/** Postgres has just seen that no run is under way, and that it need not look at many rows to find one that is. */
beforeAll(async () => {
  database = await freshDatabase();
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid)
     SELECT 'waiting' || n, 'DELAYED', 'Task.run', 'parked' FROM generate_series(1, 200) n`,
  );
  await database.query('VACUUM ANALYZE dbos.workflow_status');
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid)
     SELECT 'run' || n, 'PENDING', 'Task.run', 'token' || n FROM generate_series(0, ${RUNNING - 1}) n`,
  );
  connections = explained(engineUrl(database.url));
});

afterAll(async () => {
  await connections?.close();
  await database?.drop();
});

const mostRowsOf = (plans: Plan[]): number => Math.max(...plans.map(({ mostRows }) => mostRows));

test('parking looks at the runs that are parked', async () => {
  const runs = new ParkedRuns(connections.pool, undefined);
  const park = (n: number): Promise<boolean> =>
    runs.park({ runId: `run${n}`, token: `token${n}`, until: undefined, topics: ['go'], runIds: [] });
  const plans = await connections.plansOf(async () => {
    const parked = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => park(n)));
    expect(parked).not.toContain(false);
  });
  expect(plans.length).toBeGreaterThan(0);
  expect(mostRowsOf(plans)).toBeLessThanOrEqual(AT_ONCE);
});

test('ending looks at the runs that end', async () => {
  const outcomes = new RunOutcomes(connections.pool);
  const end = (n: number): ReturnType<RunOutcomes['write']> =>
    outcomes.write({ runId: `run${n}`, status: 'SUCCESS', output: '1', error: null, token: `token${n}` });
  const plans = await connections.plansOf(async () => {
    const ended = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => end(AT_ONCE + n)));
    expect(ended).not.toContain(undefined);
  });
  expect(plans.length).toBeGreaterThan(0);
  expect(mostRowsOf(plans)).toBeLessThanOrEqual(AT_ONCE);
});

test('waking looks at the runs that are woken', async () => {
  const runs = new ParkedRuns(connections.pool, undefined);
  // Postgres has just seen that hardly any run waits.
  await database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE status = 'DELAYED'`);
  await database.query('VACUUM ANALYZE dbos.workflow_status');
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, owner_xid)
     SELECT 'parked' || n, 'DELAYED', 'Task.run', 'default', 'parked' FROM generate_series(0, ${RUNNING - 1}) n`,
  );
  await database.query(
    `INSERT INTO holdfast.waits (run_id, kind, key)
     SELECT 'parked' || n, 'message', 'go' FROM generate_series(0, ${RUNNING - 1}) n`,
  );
  const plans = await connections.plansOf(async () => {
    expect(await runs.wake([{ kind: 'message', runId: 'parked1', topic: 'go' }])).toEqual(['default']);
    expect(await runs.wakeRuns(['parked2', 'parked3'])).toEqual(['default', 'default']);
    expect(await runs.wakeRuns(['parked1', 'parked2'])).toEqual([]);
  });
  expect(plans.length).toBe(3);
  // Two runs, in the versions that their rows have had.
  expect(mostRowsOf(plans)).toBeLessThan(10);
});
