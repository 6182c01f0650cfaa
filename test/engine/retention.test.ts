import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp, db, progress, start, step, transaction, waitFor, workflow } from '../../src/index.ts';
import { startService, type TestService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

class Trial {
  @workflow({ retention: '7d' })
  static async short(subject: string): Promise<unknown> {
    await Trial.flaky(subject);
    await Trial.counted();
    await progress({ subject });
    const child = await start(Trial.part, subject);
    return [await child.result(), await waitFor('verdict', { timeout: '20s' })];
  }

  @step({ retries: { attempts: 2, backoff: { initial: 1 } } })
  static async flaky(subject: string): Promise<string> {
    if (!failed.has(subject)) {
      failed.add(subject);
      throw new Error('the first attempt fails');
    }
    return subject;
  }

  @transaction()
  static async counted(): Promise<number> {
    return (await db().raw('SELECT 1 AS one')).rows[0].one;
  }

  @workflow()
  static async part(subject: string): Promise<string> {
    return subject;
  }
}

/** What only the SDK's own API makes, and what a process leaves behind that dies at the right moment. */
const BY_HAND = [
  `INSERT INTO dbos.workflow_events (workflow_uuid, key, value) VALUES ($1, 'k', '{"json":1}')`,
  `INSERT INTO dbos.workflow_events_history (workflow_uuid, function_id, key, value) VALUES ($1, 1, 'k', '{"json":1}')`,
  `INSERT INTO dbos.transaction_completion (workflow_id, function_num) VALUES ($1, 99)`,
  `INSERT INTO holdfast.receipts (key, run_id, step_id, ordinal, tool, method, url, request_hash, sending_id)
   VALUES ($1, $1, 1, 1, 'Trial.tool', 'POST', 'http://shop.test/', 'hash', gen_random_uuid())`,
  `INSERT INTO holdfast.compensations (run_id, step_id, tool, effect, arguments, key)
   VALUES ($1, 1, 'Trial.tool', 'compensable', '{}', $1)`,
  `INSERT INTO holdfast.token_chunks (run_id, step_id, generation, start, deltas) VALUES ($1, 1, 'a', 0, '[[0, "text", "Hi"]]')`,
  `INSERT INTO holdfast.releases (run_id, step_id, reason) VALUES ($1, 1, 'unknown_effect')`,
  `INSERT INTO holdfast.model_calls (id, run_id, attempt, executor_id, class, endpoint, model, estimated_input, estimated_output)
   VALUES (gen_random_uuid(), $1, 1, 'here', 'small', 'one', 'one-1', 1, 1)`,
  `INSERT INTO holdfast.drifts (run_id, step_id, present_hash, agent, changed, recorded, present, policy, outcome)
   VALUES ($1, 1, 'hash', 'Trial.agent', '[]', '{}', '{}', 'warn', 'went_on')`,
  `INSERT INTO holdfast.bucket_waits (id, bucket, tenant, run_id, step_id, executor_id, tokens, place)
   VALUES (gen_random_uuid(), 'endpoint/one', 'default', $1, 1, 'here', 1, 1)`,
  `INSERT INTO holdfast.unwind_requests (run_id, started_at) VALUES ($1, now())`,
  `INSERT INTO holdfast.approvals (id, run_id, step_id, tenant, workflow, question, arguments_hash, expires_at)
   VALUES ($1 || '-approval-1', $1, 1, 'default', 'Trial.whole', 'May it?', repeat('0', 64), now() + interval '1 day')`,
  `INSERT INTO holdfast.approval_events (approval_id, n, what) VALUES ($1 || '-approval-1', 1, 'asked')`,
  `INSERT INTO holdfast.approval_links (approval_id, token_hash, person, roles, made_by, expires_at)
   VALUES ($1 || '-approval-1', sha256($1::text::bytea), 'ana', '{}', 'notify', now() + interval '1 hour')`,
];
const failed = new Set<string>();
const app = createApp({ services: [Trial] });

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});

afterAll(() => database?.drop());

/** Starts a run that leaves rows in every table that has rows of runs, and returns the ids of it and its child. */
async function runWithEverything(service: TestService, subject: string): Promise<string[]> {
  const { body } = await service.call('POST', '/v1/workflows/Trial.short/runs', { body: subject });
  const id = String(body.id);
  await service.call('POST', `/v1/runs/${id}/messages/verdict`, { body: 'guilty' });
  await until('the end of the run', async () => {
    const { body: run } = await service.call('GET', `/v1/runs/${id}`);
    return run.status === 'succeeded';
  });
  for (const statement of BY_HAND) await database.query(statement, [id]);
  const children = await database.query(`SELECT id FROM holdfast.runs WHERE parent_id = $1`, [id]);
  return [id, ...children.map((row) => row.id as string)];
}

/** Every table with rows of runs: how many rows of these runs it has, and whether they go with the run by themselves. */
async function rowsOf(runIds: string[]): Promise<{ table: string; rows: number; cascades: boolean }[]> {
  const columns = await database.query<{ table: string; column: string; cascades: boolean }>(
    `SELECT a.attrelid::regclass::text AS "table", a.attname AS "column", EXISTS (
              SELECT FROM pg_constraint k
               WHERE k.conrelid = a.attrelid AND k.confrelid = 'dbos.workflow_status'::regclass
                 AND k.conkey = ARRAY[a.attnum] AND k.confdeltype = 'c') AS cascades
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relkind = 'r' AND c.relnamespace IN ('dbos'::regnamespace, 'holdfast'::regnamespace)
        AND a.attname IN ('workflow_uuid', 'workflow_id', 'destination_uuid', 'run_id')`,
  );
  return Promise.all(
    columns.map(async ({ table, column, cascades }) => {
      const [row] = await database.query(`SELECT count(*)::int AS rows FROM ${table} WHERE ${column} = ANY($1)`, [
        runIds,
      ]);
      return { table, rows: row.rows as number, cascades };
    }),
  );
}

async function age(runIds: string[], by: string): Promise<void> {
  await database.query(
    `UPDATE dbos.workflow_status SET completed_at = completed_at - EXTRACT(epoch FROM $2::interval) * 1000
      WHERE workflow_uuid = ANY($1)`,
    [runIds, by],
  );
  await database.query(`UPDATE holdfast.retention_rounds SET due_at = now()`);
}

test('a process that starts removes runs that have been kept for long enough, with all that hangs on them', async () => {
  const first = await startService({ app, databaseUrl: database.url });
  const [old, young] = [await runWithEverything(first, 'old'), await runWithEverything(first, 'young')];
  await first.stop();
  const before = await rowsOf(old);
  expect(before.filter(({ rows, cascades }) => rows === 0 && !cascades)).toEqual([]);
  await age(old, '31 days');
  await age(young, '6 days');
  const kept = await rowsOf(young);

  await using _second = await startService({ app, databaseUrl: database.url });
  await until('the removal', async () => (await rowsOf(old)).every(({ rows }) => rows === 0));
  const approvals = await database.query(`SELECT DISTINCT approval_id AS id FROM holdfast.approval_events`);
  expect(approvals).toEqual([{ id: `${young[0]}-approval-1` }]);
  expect(await rowsOf(young)).toEqual(kept);
});
