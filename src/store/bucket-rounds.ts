// What a round at buckets reads and writes of their tables: one statement each, in a transaction that has locked the buckets.

import type { Knex } from 'knex';
import type { WaitingCall } from '../core/bucket-round.ts';
import type { BucketLevel } from '../core/bucket.ts';

/** A waiting call of whatever process. */
export interface WaitRow extends WaitingCall {
  runId: string | undefined;
}

/** A call of this process. */
export interface OwnWait extends WaitRow {
  stepId: number | undefined;
  ordinal: number;
}

/** What the tables know of a call of this process. */
export interface KnownWait {
  callId: string;
  /** Of the row, which an earlier execution of the step may have made; undefined where there is none. */
  id: string | undefined;
  isGranted: boolean;
  priority: number;
  /** What the row asks for; undefined where there is none. */
  tokens: number | undefined;
}

/** What is known of the queue at a bucket. */
export interface Queue {
  key: string;
  /** How many calls at a time others may make, those included that have got room and were not made yet. */
  slotsElsewhere: number;
  /** How far tenants have come. */
  finishes: ReadonlyMap<string, number>;
}

export interface Queues {
  queues: Queue[];
  /** The calls that wait: of each tenant the first ones in its line. */
  lines: WaitRow[];
  own: KnownWait[];
}

/** What becomes of a locked bucket. */
export interface SavedBucket {
  key: string;
  level: BucketLevel;
  virtual: number;
  finishes: ReadonlyMap<string, number>;
  /** How many calls at the same time the process may make; undefined without a limit. */
  slots: number | undefined;
}

/** What becomes of waiting calls: ids of rows, and new rows with their priorities. */
export interface SavedWaits {
  granted: readonly string[];
  removed: readonly string[];
  added: readonly (OwnWait & { priority: number })[];
}

interface Rows {
  queues: { key: string; slots: number; finishes: Record<string, number> | null }[] | null;
  lines: (WaitingCall & { also: string | null; runId: string | null })[] | null;
  own: (KnownWait & { id: string | null; tokens: number | null })[] | null;
}

/** In a round no more waiting calls than this are read, but one of each tenant. */
const MOST_IN_ALL = 4000;

/** Returns what is known of the queues at these buckets, up to `most` of each tenant's line, and of these calls of the process. */
export async function readQueues(
  trx: Knex,
  keys: readonly string[],
  calls: readonly Omit<OwnWait, 'place'>[],
  executorId: string,
  most: number,
): Promise<Queues> {
  const { rows } = await trx.raw<{ rows: [Rows] }>(
    `WITH RECURSIVE line AS (
       SELECT k.bucket,
              (SELECT min(w.tenant) FROM holdfast.bucket_waits w WHERE w.bucket = k.bucket AND w.granted_at IS NULL) AS tenant
         FROM unnest(:keys::text[]) AS k(bucket)
        UNION ALL
       SELECT line.bucket,
              (SELECT min(w.tenant) FROM holdfast.bucket_waits w
                WHERE w.bucket = line.bucket AND w.tenant > line.tenant AND w.granted_at IS NULL)
         FROM line WHERE line.tenant IS NOT NULL),
     queue AS (
       SELECT k.key,
              ((SELECT COALESCE(sum(s.slots), 0) FROM holdfast.bucket_slots s
                 WHERE s.bucket = k.key AND s.executor_id <> :executorId)
               + (SELECT count(*) FROM holdfast.bucket_waits w WHERE w.bucket = k.key AND w.granted_at IS NOT NULL))::integer AS slots,
              (SELECT json_object_agg(f.tenant, f.finish_ms) FROM holdfast.bucket_flows f WHERE f.bucket = k.key) AS finishes
         FROM unnest(:keys::text[]) AS k(key)),
     waiting AS (
       SELECT w.id, w.bucket, w.also, w.tenant, w.tokens, w.place, w.run_id AS "runId"
         FROM line
        CROSS JOIN LATERAL (
                SELECT * FROM holdfast.bucket_waits w
                 WHERE w.bucket = line.bucket AND w.tenant = line.tenant AND w.granted_at IS NULL
                 ORDER BY w.place LIMIT (SELECT GREATEST(1, LEAST(:most, :inAll / count(*))) FROM line)) AS w
        WHERE line.tenant IS NOT NULL),
     own AS (
       SELECT c.id AS "callId", w.id, w.granted_at IS NOT NULL AS "isGranted", COALESCE(w.priority, r.priority, 0) AS priority,
              w.tokens
         FROM json_to_recordset(:calls::json) AS c(id uuid, bucket text, "runId" text, "stepId" int, ordinal int)
         LEFT JOIN dbos.workflow_status r ON r.workflow_uuid = c."runId"
         LEFT JOIN LATERAL (
                SELECT * FROM holdfast.bucket_waits w WHERE w.id = c.id
                UNION ALL
                SELECT * FROM holdfast.bucket_waits w
                 WHERE w.run_id = c."runId" AND w.step_id = c."stepId" AND w.bucket = c.bucket AND w.ordinal = c.ordinal
                LIMIT 1) AS w ON TRUE)
     SELECT (SELECT json_agg(queue) FROM queue) AS queues, (SELECT json_agg(waiting) FROM waiting) AS lines,
            (SELECT json_agg(own) FROM own) AS own`,
    { keys: [...keys], calls: JSON.stringify(calls), executorId, most, inAll: MOST_IN_ALL },
  );
  const { queues, lines, own } = rows[0];
  return {
    queues: (queues ?? []).map(({ key, slots, finishes }) => ({
      key,
      slotsElsewhere: slots,
      finishes: new Map(Object.entries(finishes ?? {})),
    })),
    lines: (lines ?? []).map((row) => ({ ...row, also: row.also ?? undefined, runId: row.runId ?? undefined })),
    own: (own ?? []).map((row) => ({ ...row, id: row.id ?? undefined, tokens: row.tokens ?? undefined })),
  };
}

/**
 * Writes what becomes of buckets and of the calls that wait for them. A call of a run that has ended is not entered. One that is removed
 * has asked for the same at other endpoints of its class, perhaps: it waits there no longer.
 */
export async function saveRound(
  trx: Knex,
  buckets: readonly SavedBucket[],
  { granted, removed, added }: SavedWaits,
  executorId: string,
): Promise<void> {
  const levels = buckets.map(({ key, level, virtual }) => ({ key, virtual, ...level }));
  const flows = buckets.flatMap(({ key, finishes }) =>
    [...finishes].map(([tenant, finish]) => ({ key, tenant, finish })),
  );
  const slots = buckets.flatMap(({ key, slots: count }) => (count === undefined ? [] : [{ key, count }]));
  const json = JSON.stringify;
  await trx.raw(
    `WITH gone AS (
       DELETE FROM holdfast.bucket_waits WHERE id = ANY(:removed::uuid[]) RETURNING run_id, step_id, bucket),
     elsewhere AS (
       DELETE FROM holdfast.bucket_waits w USING gone
        WHERE w.run_id = gone.run_id AND w.step_id = gone.step_id AND w.bucket <> gone.bucket),
     served AS (UPDATE holdfast.bucket_waits SET granted_at = now() WHERE id = ANY(:granted::uuid[])),
     entered AS (
       INSERT INTO holdfast.bucket_waits
              (id, bucket, also, tenant, run_id, step_id, ordinal, executor_id, tokens, priority, place)
       SELECT id, bucket, also, tenant, "runId", "stepId", ordinal, :executorId, tokens, priority, place
         FROM json_to_recordset(:added::json) AS r(id uuid, bucket text, also text, tenant text, "runId" text, "stepId" int,
                                             ordinal int, tokens float8, priority int, place float8)
        WHERE "runId" IS NULL OR EXISTS (SELECT FROM dbos.workflow_status s WHERE s.workflow_uuid = "runId")
       ON CONFLICT DO NOTHING),
     slot AS MATERIALIZED (SELECT * FROM json_to_recordset(:slots::json) AS r(key text, count int)),
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
    {
      executorId,
      granted: [...granted],
      removed: [...removed],
      added: json(added),
      slots: json(slots),
      flows: json(flows),
      levels: json(levels),
    },
  );
}
