// The tables of buckets: how much is left in each, how far the queue for it has come, and which process may make how many calls at a time.

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

/** What becomes of a locked bucket. */
export interface SavedBucket {
  key: string;
  level: BucketLevel;
  virtual: number;
  /** How far tenants have come. */
  finishes: ReadonlyMap<string, number>;
  /** How many calls at the same time the process may make; undefined without a limit. */
  slots: number | undefined;
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

/** Enters buckets, or what they allow by now. */
export async function declareBuckets(db: Knex, buckets: readonly DeclaredBucket[]): Promise<void> {
  const rows = buckets.map(({ key, kind, name, limits }) => ({ key, kind, name, ...limits }));
  await db.raw(
    `INSERT INTO holdfast.bucket_levels AS b (key, kind, name, rpm, tpm, concurrency)
     SELECT key, kind, name, rpm, tpm, concurrency
       FROM json_to_recordset(:rows::json) AS r(key text, kind text, name text, rpm int, tpm int, concurrency int)
      ORDER BY key
     ON CONFLICT (key) DO UPDATE
        SET rpm = excluded.rpm, tpm = excluded.tpm, concurrency = excluded.concurrency
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

/** Returns what else is known of locked buckets: how many calls at a time others may make, and how far tenants have come. */
export async function readQueues(
  trx: Knex,
  keys: readonly string[],
  executorId: string,
): Promise<Map<string, { slotsElsewhere: number; finishes: Map<string, number> }>> {
  const { rows } = await trx.raw<{ rows: { key: string; slots: number; finishes: Record<string, number> | null }[] }>(
    `SELECT k.key,
            ((SELECT COALESCE(sum(s.slots), 0) FROM holdfast.bucket_slots s
               WHERE s.bucket = k.key AND s.executor_id <> :executorId)
             + (SELECT count(*) FROM holdfast.bucket_waits w WHERE w.bucket = k.key AND w.granted_at IS NOT NULL))::integer AS slots,
            (SELECT json_object_agg(f.tenant, f.finish_ms) FROM holdfast.bucket_flows f WHERE f.bucket = k.key) AS finishes
       FROM unnest(:keys::text[]) AS k(key)`,
    { keys: [...keys], executorId },
  );
  return new Map(
    rows.map(({ key, slots, finishes }) => [
      key,
      { slotsElsewhere: slots, finishes: new Map(Object.entries(finishes ?? {})) },
    ]),
  );
}

/** Writes what becomes of buckets that the transaction has locked. */
export async function saveBuckets(trx: Knex, buckets: readonly SavedBucket[], executorId: string): Promise<void> {
  const levels = buckets.map(({ key, level, virtual }) => ({ key, virtual, ...level }));
  const flows = buckets.flatMap(({ key, finishes }) =>
    [...finishes].map(([tenant, finish]) => ({ key, tenant, finish })),
  );
  const slots = buckets.flatMap(({ key, slots: count }) => (count === undefined ? [] : [{ key, count }]));
  await trx.raw(
    `WITH slot AS MATERIALIZED (SELECT * FROM json_to_recordset(:slots::json) AS r(key text, count int)),
     freed AS (
       DELETE FROM holdfast.bucket_slots s USING slot
        WHERE s.bucket = slot.key AND s.executor_id = :executorId AND slot.count = 0),
     allotted AS (
       INSERT INTO holdfast.bucket_slots (bucket, executor_id, slots)
       SELECT key, :executorId, count FROM slot WHERE count > 0
       ON CONFLICT (bucket, executor_id) DO UPDATE SET slots = excluded.slots),
     flow AS (
       INSERT INTO holdfast.bucket_flows (bucket, tenant, finish_ms)
       SELECT key, tenant, finish FROM json_to_recordset(:flows::json) AS r(key text, tenant text, finish float8)
       ON CONFLICT (bucket, tenant) DO UPDATE SET finish_ms = excluded.finish_ms)
     UPDATE holdfast.bucket_levels b
        SET requests_empty_ms = r."requestsEmptyMs", tokens_empty_ms = r."tokensEmptyMs", factor = r.factor,
            slowed_ms = r."slowedMs", blocked_ms = r."blockedMs", virtual_ms = r.virtual, served_at = now()
       FROM json_to_recordset(:levels::json) AS r(key text, "requestsEmptyMs" float8, "tokensEmptyMs" float8, factor float8,
                                            "slowedMs" float8, "blockedMs" float8, virtual float8)
      WHERE b.key = r.key`,
    { executorId, slots: JSON.stringify(slots), flows: JSON.stringify(flows), levels: JSON.stringify(levels) },
  );
}

/** Gives back what is held by processes whose lease has ended, and forgets tenants that the queues have passed. */
export async function forgetHolders(db: Knex): Promise<void> {
  await db.raw(
    `WITH dead AS (
       DELETE FROM holdfast.bucket_slots s
        WHERE NOT EXISTS (SELECT FROM holdfast.leases l WHERE l.executor_id = s.executor_id AND l.expires_at > now()))
     DELETE FROM holdfast.bucket_flows f USING holdfast.bucket_levels b
      WHERE b.key = f.bucket AND f.finish_ms <= b.virtual_ms`,
  );
}
