import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ClaimableLane, type Claimant, Claims } from '../../src/engine/claim.ts';
import { workflow } from '../../src/index.ts';
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

beforeAll(async () => {
  pool = new pg.Pool({ connectionString: served.database.url, max: 8 });
  // Those who claim live: nobody takes their runs over.
  await pool.query(
    `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, expires_at)
     SELECT id, 'elsewhere', 1, 'x', 'worker', '1', now() + interval '1 hour'
       FROM unnest('{me,a,b,c,d}'::text[]) AS id`,
  );
});

beforeEach(() => served.database.query(`DELETE FROM dbos.workflow_status`));

afterAll(() => pool?.end());

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
