// A table of runs as it looks after months of use, and what is done to it all the time: none of that may depend on its size.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Claims } from '../../src/engine/claim.ts';
import { sweepPage } from '../../src/engine/retention.ts';
import { saveRetention } from '../../src/store/retention.ts';
import { getRun, listRuns, type RunFilter } from '../../src/views/runs.ts';
import { freshDatabase, type TestDatabase } from './database.ts';
import { type Explained, explained, type Plan } from './plans.ts';

const PAGE = 50;
/** Nothing of what follows may touch more rows than this, however many there are. */
const MOST_ROWS = 12_000;
const HOUR_MS = 3_600_000;

/** A fifth of the runs waits; there are some thousand failures, and a few of everything else. */
const INSERT = `
  INSERT INTO dbos.workflow_status
    (workflow_uuid, name, status, queue_name, application_name, application_version, authenticated_user, priority, created_at,
     delay_until_epoch_ms, started_at_epoch_ms, completed_at, parent_workflow_id, rate_limited)
  SELECT 'run-' || i, 'Work.w' || i % 20, status, CASE WHEN i % 50 = 0 THEN 'limited' ELSE 'default' END, 'ours', 'holdfast',
         CASE WHEN i % 40 = 0 THEN 'acme' ELSE 'globex' END, 0, head.ms - i * 50,
         CASE WHEN status = 'DELAYED' THEN head.ms + 1000000000 END,
         CASE WHEN status NOT IN ('ENQUEUED', 'DELAYED') THEN head.ms - i * 50 + 5 END,
         CASE WHEN status IN ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED') THEN head.ms - i * 50 + 10 END,
         CASE WHEN i % 10 = 3 THEN 'run-' || i - i % 1000 END, i % 50 = 0 AND status NOT IN ('ENQUEUED', 'DELAYED')
    FROM generate_series(1, $1::int) AS i
   CROSS JOIN (SELECT (EXTRACT(epoch FROM now()) * 1000)::bigint AS ms) AS head
   CROSS JOIN LATERAL (SELECT CASE
      WHEN i % 5 = 1 THEN 'DELAYED'
      WHEN i % 100 = 2 THEN 'ERROR'
      WHEN i % 1000 = 4 THEN 'CANCELLED'
      WHEN i % 1000 IN (5, 50) THEN 'ENQUEUED'
      WHEN i % 1000 IN (7, 100) THEN 'PENDING'
      WHEN i = 12345 THEN 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'
      ELSE 'SUCCESS' END AS status) AS s`;

const LISTS: Record<string, RunFilter> = {
  everything: {},
  'a tenant': { tenant: 'acme' },
  queued: { status: ['queued'] },
  running: { status: ['running'] },
  succeeded: { status: ['succeeded'] },
  failed: { status: ['failed'] },
  cancelled: { status: ['cancelled'] },
  dead: { status: ['dead'] },
  'cancelled or dead': { status: ['cancelled', 'dead'] },
  'not well': { status: ['failed', 'cancelled', 'dead'] },
  'a workflow': { workflow: 'Work.w3' },
  'a workflow’s failures': { workflow: 'Work.w2', status: ['failed'], tenant: 'globex' },
  'a lane': { lane: 'limited' },
  'a parent': { parentId: 'run-5000' },
  'a period': { since: new Date(Date.now() - HOUR_MS), until: new Date(Date.now() - HOUR_MS / 2) },
};

function expectFew(plans: Plan[]): void {
  expect(plans.length).toBeGreaterThan(0);
  for (const { text, mostRows } of plans) {
    expect(text).not.toMatch(/Seq Scan on workflow_status/);
    expect(mostRows, text).toBeLessThanOrEqual(MOST_ROWS);
  }
}

/** Defines tests on a table of `rows` runs. */
export function testLargeTable(rows: number): void {
  let database: TestDatabase;
  let session: Explained;

  beforeAll(async () => {
    database = await freshDatabase();
    await database.query(INSERT, [rows]);
    await database.query('VACUUM ANALYZE dbos.workflow_status');
    session = explained(database.url);
  }, 180_000);

  afterAll(async () => {
    await session?.close();
    await database?.drop();
  });

  test.each(Object.entries(LISTS))('the list of %s, and its second page', async (_what, filter) => {
    const plans = await session.plansOf(async () => {
      const { items, next } = await listRuns(session.db, filter, PAGE);
      expect(items.length).toBeGreaterThan(0);
      if (next !== null) await listRuns(session.db, filter, PAGE, next);
    });
    expectFew(plans);
  });

  test('one run', async () => {
    expectFew(await session.plansOf(() => getRun(session.db, 'run-77777', undefined)));
  });

  test.each([
    ['a lane', 80, { name: 'default' }],
    [
      'a lane with limits',
      80,
      { name: 'limited', concurrency: 100_000, rateLimit: { limitPerPeriod: 1000, periodSec: 1 } },
    ],
    ['a lane whose rate is used up', 0, { name: 'limited', rateLimit: { limitPerPeriod: 1, periodSec: 3600 } }],
  ])('claims from %s, again and again', async (_what, expected, lane) => {
    const claimant = {
      executorId: 'me',
      application: 'ours',
      version: 'holdfast',
      workflows: Array.from({ length: 20 }, (_, index) => `Work.w${index}`),
    };
    const claims = new Claims({ pool: session.pool, connect: () => session.pool.connect() }, claimant);
    let taken = 0;
    const plans = await session.plansOf(async () => {
      // From the sixth time on Postgres may use a plan that it made without looking at the parameters.
      for (let time = 0; time < 8; time += 1) taken += (await claims.take(lane, 10)).runs.length;
    });
    expect(taken).toBe(expected);
    expectFew(plans);
  });

  test('the removal of ended runs', async () => {
    await saveRetention(session.db, 'ours', [{ workflow: '', keepMs: HOUR_MS }]);
    let removed = 0;
    const plans = await session.plansOf(async () => {
      for (let page = 0; page < 3; page += 1) removed += (await sweepPage(session.db, 'ours')) ?? 0;
    });
    expect(removed).toBeGreaterThan(0);
    expectFew(plans);
  });
}
