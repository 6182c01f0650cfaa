// The table of calls that wait for room in a bucket, apart from what rounds do with it.

import type { Knex } from 'knex';

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
 * Returns how many lapsed. Buckets are locked before their calls, as in rounds.
 */
export async function lapseGrants(db: Knex, withinMs: number): Promise<number> {
  const { rows } = await db.raw<{ rows: [{ count: number }] }>(
    `WITH locked AS MATERIALIZED (
       SELECT b.key FROM holdfast.bucket_levels b
        WHERE b.key IN (SELECT unnest(ARRAY[w.bucket, w.also]) FROM holdfast.bucket_waits w
                         WHERE w.granted_at < now() - :withinMs * interval '1 millisecond')
        ORDER BY b.key FOR UPDATE),
     lapsed AS MATERIALIZED (
       SELECT w.id, w.bucket, w.also, w.tokens, w.lapses FROM holdfast.bucket_waits w
        WHERE (SELECT count(*) FROM locked) IS NOT NULL AND w.granted_at < now() - :withinMs * interval '1 millisecond'
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

/** Forgets the calls of runs that have ended, and those outside of runs whose process has ended; the next time those that a round holds. */
export async function forgetWaits(db: Knex): Promise<void> {
  await db.raw(
    `DELETE FROM holdfast.bucket_waits WHERE id IN (
       SELECT w.id FROM holdfast.bucket_waits w
        WHERE CASE WHEN w.run_id IS NULL
                THEN NOT EXISTS (SELECT FROM holdfast.leases l WHERE l.executor_id = w.executor_id AND l.expires_at > now())
                ELSE NOT EXISTS (SELECT FROM dbos.workflow_status s
                                  WHERE s.workflow_uuid = w.run_id AND s.status IN ('PENDING', 'ENQUEUED', 'DELAYED')) END
          FOR UPDATE OF w SKIP LOCKED)`,
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
