// The tables of buckets: how much is left in each, and which process may make how many calls at a time.

import type { Knex } from 'knex';
import type { BucketLevel, BucketLimits } from '../core/bucket.ts';

/** A bucket as a process has it in its configuration. */
export interface DeclaredBucket {
  key: string;
  kind: 'endpoint' | 'tenant';
  name: string;
  limits: BucketLimits;
}

/** A bucket that is locked until the end of the transaction. */
export interface LockedBucket {
  key: string;
  limits: BucketLimits;
  level: BucketLevel;
  virtual: number;
  /** The database's time, in milliseconds since 1970. */
  now: number;
  /** Whether there were calls that wait, or have got room that they did not take up yet, when it was asked for. */
  hasWaits: boolean;
}

interface Row extends BucketLevel {
  key: string;
  rpm: number | null;
  tpm: number | null;
  concurrency: number | null;
  virtual: number;
  now: number;
  hasWaits: boolean;
}

/** Enters buckets, or what they allow by now: what is left in one, or was taken too much, stays as much. */
export async function declareBuckets(db: Knex, buckets: readonly DeclaredBucket[]): Promise<void> {
  const rows = buckets.map(({ key, kind, name, limits }) => ({ key, kind, name, ...limits }));
  await db.raw(
    `WITH n AS (SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8 * 1000 AS ms)
     INSERT INTO holdfast.bucket_levels AS b (key, kind, name, rpm, tpm, concurrency)
     SELECT key, kind, name, rpm, tpm, concurrency
       FROM json_to_recordset(:rows::json) AS r(key text, kind text, name text, rpm int, tpm int, concurrency int)
      ORDER BY key
     ON CONFLICT (key) DO UPDATE
        SET rpm = excluded.rpm, tpm = excluded.tpm, concurrency = excluded.concurrency,
            requests_empty_ms = COALESCE(
              (SELECT ms + (b.requests_empty_ms - ms) * b.rpm / excluded.rpm FROM n), b.requests_empty_ms),
            tokens_empty_ms = COALESCE((SELECT ms + (b.tokens_empty_ms - ms) * b.tpm / excluded.tpm FROM n), b.tokens_empty_ms)
      WHERE (b.rpm, b.tpm, b.concurrency) IS DISTINCT FROM (excluded.rpm, excluded.tpm, excluded.concurrency)`,
    { rows: JSON.stringify(rows) },
  );
}

/** Locks these buckets, and those that calls waiting for them need as well. */
export async function lockBuckets(trx: Knex, keys: readonly string[]): Promise<LockedBucket[]> {
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT b.key, b.rpm, b.tpm, b.concurrency, b.requests_empty_ms AS "requestsEmptyMs", b.tokens_empty_ms AS "tokensEmptyMs",
            b.factor, b.slowed_ms AS "slowedMs", b.blocked_ms AS "blockedMs", b.virtual_ms AS virtual,
            EXTRACT(EPOCH FROM clock_timestamp())::float8 * 1000 AS now,
            EXISTS (SELECT FROM holdfast.bucket_waits w WHERE w.bucket = b.key) AS "hasWaits"
       FROM holdfast.bucket_levels b
      WHERE b.key = ANY(:keys)
         OR b.key IN (SELECT w.also FROM holdfast.bucket_waits w
                       WHERE w.bucket = ANY(:keys) AND w.granted_at IS NULL AND w.also IS NOT NULL)
      ORDER BY b.key
        FOR UPDATE OF b`,
    { keys: [...keys] },
  );
  return rows.map(({ key, rpm, tpm, concurrency, virtual, now, hasWaits, ...level }) => {
    const limits = { rpm: rpm ?? undefined, tpm: tpm ?? undefined, concurrency: concurrency ?? undefined };
    return { key, limits, level, virtual, now, hasWaits };
  });
}

/** Gives back what is held by processes whose lease has ended, and forgets tenants that the queues have passed. */
export async function forgetHolders(db: Knex): Promise<void> {
  await db.raw(
    `WITH dead AS (
       DELETE FROM holdfast.bucket_slots s
        WHERE NOT EXISTS (SELECT FROM holdfast.leases l WHERE l.executor_id = s.executor_id AND l.expires_at > now()))
     DELETE FROM holdfast.bucket_flows WHERE (bucket, tenant) IN (
       SELECT f.bucket, f.tenant FROM holdfast.bucket_flows f JOIN holdfast.bucket_levels b ON b.key = f.bucket
        WHERE f.finish_ms <= b.virtual_ms
          FOR UPDATE OF f SKIP LOCKED)`,
  );
}

/** Forgets buckets that nobody has used for a week: of names that are not configured any more, mostly. */
export async function forgetBuckets(db: Knex): Promise<void> {
  await db.raw(
    `DELETE FROM holdfast.bucket_levels b
      WHERE b.served_at < now() - interval '7 days'
        AND NOT EXISTS (SELECT FROM holdfast.bucket_waits w WHERE b.key IN (w.bucket, w.also))`,
  );
}
