// The table of calls that wait for room in a bucket. Whoever changes a bucket's rows has locked the bucket.

import type { Knex } from 'knex';
import type { WaitingCall } from '../core/bucket-round.ts';

/** A waiting call of whatever process. */
export interface WaitRow extends WaitingCall {
  runId: string | undefined;
}

/** A call of this process that has no room yet. */
export interface OwnWait extends WaitRow {
  stepId: number | undefined;
  ordinal: number;
}

/** What the table knows of a call of this process. */
export interface KnownWait {
  callId: string;
  /** Of the row, which an earlier execution of the step may have made; undefined where there is none. */
  id: string | undefined;
  isGranted: boolean;
  priority: number;
}

/** Returns the calls that wait for these buckets: of each tenant the first ones in its line. */
export async function readLines(trx: Knex, keys: readonly string[], most: number): Promise<WaitRow[]> {
  const { rows } = await trx.raw<{ rows: (WaitingCall & { also: string | null; runId: string | null })[] }>(
    `WITH RECURSIVE line AS (
       SELECT k.bucket,
              (SELECT min(w.tenant) FROM holdfast.bucket_waits w WHERE w.bucket = k.bucket AND w.granted_at IS NULL) AS tenant
         FROM unnest(:keys::text[]) AS k(bucket)
        UNION ALL
       SELECT line.bucket,
              (SELECT min(w.tenant) FROM holdfast.bucket_waits w
                WHERE w.bucket = line.bucket AND w.tenant > line.tenant AND w.granted_at IS NULL)
         FROM line WHERE line.tenant IS NOT NULL)
     SELECT w.id, w.bucket, w.also, w.tenant, w.tokens, w.place, w.run_id AS "runId"
       FROM line
      CROSS JOIN LATERAL (
              SELECT * FROM holdfast.bucket_waits w
               WHERE w.bucket = line.bucket AND w.tenant = line.tenant AND w.granted_at IS NULL
               ORDER BY w.place LIMIT :most) AS w
      WHERE line.tenant IS NOT NULL`,
    { keys: [...keys], most },
  );
  return rows.map((row) => ({ ...row, also: row.also ?? undefined, runId: row.runId ?? undefined }));
}

/** Returns what is known of calls of this process. */
export async function readOwn(trx: Knex, calls: readonly Omit<OwnWait, 'place'>[]): Promise<KnownWait[]> {
  if (calls.length === 0) return [];
  const { rows } = await trx.raw<{ rows: (KnownWait & { id: string | null })[] }>(
    `SELECT c.id AS "callId", w.id, w.granted_at IS NOT NULL AS "isGranted", COALESCE(w.priority, r.priority, 0) AS priority
       FROM json_to_recordset(:calls::json) AS c(id uuid, bucket text, "runId" text, "stepId" int, ordinal int)
       LEFT JOIN dbos.workflow_status r ON r.workflow_uuid = c."runId"
       LEFT JOIN LATERAL (
              SELECT * FROM holdfast.bucket_waits w WHERE w.id = c.id
              UNION ALL
              SELECT * FROM holdfast.bucket_waits w
               WHERE w.run_id = c."runId" AND w.step_id = c."stepId" AND w.bucket = c.bucket AND w.ordinal = c.ordinal
              LIMIT 1) AS w ON TRUE`,
    { calls: JSON.stringify(calls) },
  );
  return rows.map((row) => ({ ...row, id: row.id ?? undefined }));
}

/** What becomes of waiting calls: ids of rows, and new rows. */
export interface SavedWaits {
  granted: readonly string[];
  removed: readonly string[];
  added: readonly OwnWait[];
}

/**
 * Writes what becomes of waiting calls. A call of a run that has ended is not entered. One that is removed has asked for the same at other
 * endpoints of its class, perhaps: it waits there no longer.
 */
export async function saveWaits(
  trx: Knex,
  { granted, removed, added }: SavedWaits,
  executorId: string,
  priorities: ReadonlyMap<string, number>,
): Promise<void> {
  if (granted.length + removed.length + added.length === 0) return;
  const rows = added.map((call) => ({ ...call, priority: priorities.get(call.id) ?? 0 }));
  await trx.raw(
    `WITH gone AS (DELETE FROM holdfast.bucket_waits WHERE id = ANY(:removed::uuid[]) RETURNING run_id, step_id, bucket),
     elsewhere AS (
       DELETE FROM holdfast.bucket_waits w USING gone
        WHERE w.run_id = gone.run_id AND w.step_id = gone.step_id AND w.bucket <> gone.bucket),
     served AS (UPDATE holdfast.bucket_waits SET granted_at = now() WHERE id = ANY(:granted::uuid[]))
     INSERT INTO holdfast.bucket_waits
            (id, bucket, also, tenant, run_id, step_id, ordinal, executor_id, tokens, priority, place)
     SELECT id, bucket, also, tenant, "runId", "stepId", ordinal, :executorId, tokens, priority, place
       FROM json_to_recordset(:rows::json) AS r(id uuid, bucket text, also text, tenant text, "runId" text, "stepId" int, ordinal int,
                                          tokens float8, priority int, place float8)
      WHERE "runId" IS NULL OR EXISTS (SELECT FROM dbos.workflow_status s WHERE s.workflow_uuid = "runId")
     ON CONFLICT DO NOTHING`,
    { granted: [...granted], removed: [...removed], executorId, rows: JSON.stringify(rows) },
  );
}

/** Returns which of these buckets have calls that wait. */
export async function waitedFor(db: Knex, keys: readonly string[]): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { key: string }[] }>(
    `SELECT k.key FROM unnest(:keys::text[]) AS k(key)
      WHERE EXISTS (SELECT FROM holdfast.bucket_waits w WHERE w.bucket = k.key AND w.granted_at IS NULL)`,
    { keys: [...keys] },
  );
  return rows.map(({ key }) => key);
}

/**
 * Gives back the room that nobody took up within `withinMs`: the call goes back to its place, and after the second time it is forgotten.
 * Returns how many lapsed.
 */
export async function lapseGrants(db: Knex, withinMs: number): Promise<number> {
  const { rows } = await db.raw<{ rows: [{ count: number }] }>(
    `WITH lapsed AS MATERIALIZED (
       SELECT w.id, w.bucket, w.also, w.tokens, w.lapses FROM holdfast.bucket_waits w
        WHERE w.granted_at < now() - :withinMs * interval '1 millisecond'
        ORDER BY w.id FOR UPDATE SKIP LOCKED),
     forgotten AS (DELETE FROM holdfast.bucket_waits w USING lapsed l WHERE w.id = l.id AND l.lapses > 0),
     returned AS (
       UPDATE holdfast.bucket_waits w SET granted_at = NULL, lapses = w.lapses + 1 FROM lapsed l
        WHERE w.id = l.id AND l.lapses = 0),
     sums AS (
       SELECT x.key, count(*) AS requests, sum(l.tokens) AS tokens
         FROM lapsed l CROSS JOIN LATERAL (VALUES (l.bucket), (l.also)) AS x(key) WHERE x.key IS NOT NULL GROUP BY x.key),
     refilled AS (
       UPDATE holdfast.bucket_levels b
          SET requests_empty_ms = b.requests_empty_ms - COALESCE(s.requests * 60000 / (b.rpm * b.factor), 0),
              tokens_empty_ms = b.tokens_empty_ms - COALESCE(s.tokens * 60000 / (b.tpm * b.factor), 0)
         FROM sums s WHERE b.key = s.key)
     SELECT count(*)::integer AS count FROM lapsed`,
    { withinMs },
  );
  return rows[0].count;
}

/** Forgets the calls of runs that have ended, and those outside of runs whose process has ended. */
export async function forgetWaits(db: Knex): Promise<void> {
  await db.raw(
    `DELETE FROM holdfast.bucket_waits w
      WHERE CASE WHEN w.run_id IS NULL
              THEN NOT EXISTS (SELECT FROM holdfast.leases l WHERE l.executor_id = w.executor_id AND l.expires_at > now())
              ELSE NOT EXISTS (SELECT FROM dbos.workflow_status s
                                WHERE s.workflow_uuid = w.run_id AND s.status IN ('PENDING', 'ENQUEUED', 'DELAYED')) END`,
  );
}

/** Forgets calls that wait for a bucket that no process has looked at for `unservedMs`, and returns their runs: they are to ask anew. */
export async function abandonUnserved(db: Knex, unservedMs: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { runId: string }[] }>(
    `DELETE FROM holdfast.bucket_waits w USING holdfast.bucket_levels b
      WHERE b.key = w.bucket AND b.served_at < now() - :unservedMs * interval '1 millisecond' AND w.run_id IS NOT NULL
     RETURNING w.run_id AS "runId"`,
    { unservedMs },
  );
  return rows.map(({ runId }) => runId);
}
