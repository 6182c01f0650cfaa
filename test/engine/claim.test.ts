import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import type { Knex } from 'knex';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ClaimableLane, type Claimant, Claims } from '../../src/engine/claim.ts';
import { ParkedRuns } from '../../src/engine/parking/parked-runs.ts';
import { handOver, requeueOrphans } from '../../src/engine/takeover.ts';
import { workflow } from '../../src/index.ts';
import { openDatabase } from '../../src/postgres/connection.ts';
import { serve } from '../support/serve.ts';

class Task {
  @workflow({ lane: 'tasks' })
  static async run(n: number): Promise<number> {
    return n;
  }
}

/** A process that takes runs, and one that takes none: the runs are left to the claims of the tests. */
const served = serve({ services: [Task], lanes: { tasks: { concurrency: 4 } } }, { config: { role: 'api' } });
let pool: pg.Pool;
let db: Knex;

beforeAll(async () => {
  pool = new pg.Pool({ connectionString: served.database.url, max: 8 });
  // The database may be removed before the last connection is closed.
  pool.on('error', () => {});
  db = openDatabase(served.database.url, { max: 2, name: 'test' });
  // Those who claim live: nobody takes their runs over.
  await pool.query(
    `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, expires_at)
     SELECT id, 'elsewhere', 1, 'x', 'worker', '1', now() + interval '1 hour'
       FROM unnest('{me,a,b,c,d}'::text[]) AS id`,
  );
});

beforeEach(() => served.database.query(`DELETE FROM dbos.workflow_status`));

afterAll(async () => {
  await db?.destroy();
  await pool?.end();
});

function claimsOf(executorId: string, differences: Partial<Claimant> = {}): Claims {
  const claimant = {
    executorId,
    application: 'holdfast',
    version: 'holdfast',
    workflows: ['Task.run'],
    ...differences,
  };
  return new Claims({ pool, connect: () => pool.connect() }, claimant);
}

async function enqueue(count: number): Promise<string[]> {
  const { submissions } = served.service.running;
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    ids.push((await submissions.submit('Task.run', [n], { priority: (count - n) % 3, timeoutMs: 60_000 })).id);
  }
  return ids;
}

/** Four processes take and finish runs of `lane` until none is left. Returns what each claim took, and how many ran at most. */
async function race(lane: ClaimableLane, rounds: number): Promise<{ taken: number; most: number }> {
  let taken = 0;
  let most = 0;
  const work = async (claims: Claims): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      const { runs } = await claims.take(lane, 10);
      taken += runs.length;
      const [{ running }] = await served.database.query(
        `SELECT count(*)::int AS running FROM dbos.workflow_status WHERE status = 'PENDING'`,
      );
      most = Math.max(most, running);
      const ids = runs.map((run) => run.workflowUUID);
      await pool.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = ANY($1)`, [ids]);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map((executorId) => work(claimsOf(executorId))));
  return { taken, most };
}

test('a claimed run looks as the SDK would have read it', async () => {
  const [id] = await enqueue(1);
  const { runs, ownerToken } = await claimsOf('me').take({ name: 'tasks' }, 10);
  const database = executors.DBOSExecutor.globalInstance!.systemDatabase;
  expect(runs).toStrictEqual([(await database.getWorkflowStatuses([id!])).get(id!)]);
  expect(runs[0]).toMatchObject({ status: 'PENDING', executorId: 'me', recoveryAttempts: 1 });
  expect(runs[0]!.deadlineEpochMS! - runs[0]!.startedAtEpochMs!).toBe(60_000);
  expect(await served.database.query(`SELECT owner_xid FROM dbos.workflow_status`)).toEqual([
    { owner_xid: ownerToken },
  ]);
});

test('the smallest priority goes first, then the oldest', async () => {
  await enqueue(10);
  const claims = claimsOf('me');
  const { runs } = await claims.take({ name: 'tasks' }, 8);
  const { runs: rest } = await claims.take({ name: 'tasks' }, 8);
  const keys = [...runs, ...rest].map(({ priority, createdAt }) => priority * 1e15 + createdAt!);
  expect([runs.length, rest.length]).toEqual([8, 2]);
  expect(keys).toEqual(keys.toSorted((a, b) => a - b));
});

test.each<[string, Partial<Claimant>]>([
  ['another build', { workflows: ['Other.run'] }],
  ['another application', { application: 'theirs' }],
  ['another version', { version: 'theirs' }],
])('runs of %s are left alone', async (_, differences) => {
  await enqueue(2);
  expect((await claimsOf('me', differences).take({ name: 'tasks' }, 10)).runs).toEqual([]);
  expect((await claimsOf('me').take({ name: 'tasks' }, 10)).runs).toHaveLength(2);
});

test('processes that claim at the same time take different runs', async () => {
  await enqueue(60);
  const claims = await Promise.all(['a', 'b', 'c'].map((id) => claimsOf(id).take({ name: 'tasks' }, 20)));
  const ids = claims.flatMap(({ runs }) => runs.map((run) => run.workflowUUID));
  expect(new Set(ids).size).toBe(60);
});

test('processes together run no more of a lane than it may, and take all of it', async () => {
  await enqueue(60);
  expect(await race({ name: 'tasks', concurrency: 5 }, 12)).toEqual({ taken: 60, most: 5 });
});

test('processes together start no more in a period than a lane may', async () => {
  await enqueue(30);
  const lane = { name: 'tasks', rateLimit: { limitPerPeriod: 7, periodSec: 3600 } };
  expect((await race(lane, 4)).taken).toBe(7);
  await served.database.query(
    `UPDATE dbos.workflow_status SET started_at_epoch_ms = started_at_epoch_ms - 3600000 WHERE status = 'SUCCESS'`,
  );
  expect((await race(lane, 4)).taken).toBe(7);
});

describe('a lane with a rate', () => {
  const lane = { name: 'tasks', rateLimit: { limitPerPeriod: 3, periodSec: 3600 } };
  const take = async (executorId = 'me'): Promise<string[]> =>
    (await claimsOf(executorId).take(lane, 10)).runs.map((run) => run.workflowUUID).toSorted();

  async function park(runIds: string[]): Promise<ParkedRuns> {
    const parked = new ParkedRuns(pool, 'holdfast');
    const rows = await served.database.query<{ id: string; token: string }>(
      `SELECT workflow_uuid AS id, owner_xid AS token FROM dbos.workflow_status WHERE workflow_uuid = ANY($1)`,
      [runIds],
    );
    for (const { id, token } of rows) {
      expect(await parked.park({ runId: id, token, until: undefined, topics: ['go'], runIds: [] })).toBe(true);
    }
    return parked;
  }

  test('counts each run once, whatever became of it, and lets those go on that have started', async () => {
    await enqueue(7);
    const started = await take();
    expect(started).toHaveLength(3);
    const [ended, ...others] = started;
    await pool.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = $1`, [ended]);
    const parked = await park(others);
    expect(await take()).toEqual([]);

    await parked.wakeRuns(others);
    expect(await take()).toEqual(others);
    expect(await handOver(db, 'me')).toHaveLength(2);
    expect(await take('a')).toEqual(others);
    await pool.query(
      `UPDATE dbos.workflow_status SET executor_id = 'dead' WHERE executor_id = 'a' AND status = 'PENDING'`,
    );
    expect((await requeueOrphans(db, 'holdfast')).runs).toBe(2);
    expect(await take()).toEqual(others);
    expect(await take()).toEqual([]);

    await pool.query(`UPDATE dbos.workflow_status SET started_at_epoch_ms = started_at_epoch_ms - 3600000`);
    expect(await take()).toHaveLength(3);
    expect(await take()).toEqual([]);
  });

  test('lets runs go on that waited in it before it had one', async () => {
    await enqueue(5);
    const { runs } = await claimsOf('me').take({ name: 'tasks' }, 2);
    const ids = runs.map((run) => run.workflowUUID).toSorted();
    const parked = await park(ids);
    await parked.wakeRuns(ids);
    expect(await take()).toHaveLength(5);
  });

  test('does not count a run that was put back, unless it had started before', async () => {
    const ids = await enqueue(5);
    const claims = claimsOf('me');
    const { ownerToken, runs } = await claims.take({ ...lane, rateLimit: { limitPerPeriod: 1, periodSec: 3600 } }, 10);
    await claims.postpone(runs[0]!.workflowUUID, ownerToken);
    const started = await take();
    expect(started).toHaveLength(3);

    const parked = await park(started);
    await parked.wakeRuns(started);
    const again = await claims.take(lane, 10);
    for (const run of again.runs) await claims.postpone(run.workflowUUID, again.ownerToken);
    const rows = await served.database.query<{ id: string; started: boolean }>(
      `SELECT workflow_uuid AS id, started_at_epoch_ms IS NOT NULL AS started FROM dbos.workflow_status ORDER BY 1`,
    );
    expect(rows).toEqual(ids.toSorted().map((id) => ({ id, started: started.includes(id) })));
    expect(await take()).toEqual([]);
  });

  test('takes those that go on and those that start by their priority', async () => {
    await enqueue(6);
    const started = await take();
    await park(started).then((parked) => parked.wakeRuns(started));
    await pool.query(`UPDATE dbos.workflow_status SET priority = 1000 WHERE workflow_uuid = ANY($1)`, [started]);
    await pool.query(`UPDATE dbos.workflow_status SET started_at_epoch_ms = started_at_epoch_ms - 3600000`);
    const { runs } = await claimsOf('me').take(lane, 4);
    expect(runs.map(({ workflowUUID, priority }) => [started.includes(workflowUUID), priority === 1000])).toEqual([
      [false, false],
      [false, false],
      [false, false],
      [true, true],
    ]);
  });
});

test('a run that is put back comes again, and the claim does not count as an attempt', async () => {
  const [id] = await enqueue(1);
  const claims = claimsOf('me');
  const { ownerToken } = await claims.take({ name: 'tasks' }, 10);
  await claims.postpone(id!, 'somebody else');
  await claims.postpone(id!, ownerToken);
  const row = `SELECT status, owner_xid, recovery_attempts::int AS attempts,
                      delay_until_epoch_ms - extract(epoch FROM now()) * 1000 > 20000 AS delayed FROM dbos.workflow_status`;
  expect(await served.database.query(row)).toEqual([
    { status: 'DELAYED', owner_xid: null, attempts: 0, delayed: true },
  ]);
});
