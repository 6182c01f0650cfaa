// Finds runs that ended longer ago than they are to be kept, and removes them with everything that hangs on them.

import type { Knex } from 'knex';
import type { EndedPosition, RetentionRound } from '../store/retention.ts';

/** Some runs that ended, in the order of their ends. */
export interface EndedPage {
  /** Those among them that have been kept for long enough. */
  expired: string[];
  /** The last run that was looked at; undefined when there was none. */
  last: EndedPosition | undefined;
  /** Whether there may be more. */
  isFull: boolean;
}

/**
 * A page is read by the index of ends, whoever its runs belong to, so that its cost does not depend on how many of them are to be kept.
 * A run without an application was never claimed by any; like the engine's claims, everybody takes it for their own.
 */
const PAGE = `
  WITH page AS MATERIALIZED (
    SELECT workflow_uuid, completed_at, name, application_name
      FROM dbos.workflow_status
     WHERE completed_at <= (EXTRACT(epoch FROM now()) * 1000)::bigint - :keepMs::bigint
       AND completed_at >= :endedMs::bigint AND (completed_at, workflow_uuid) > (:endedMs::bigint, :runId)
     ORDER BY completed_at, workflow_uuid
     LIMIT :most)
  SELECT p.workflow_uuid AS "runId", p.completed_at::float8 AS "endedMs",
         COALESCE(p.application_name, :application) = :application AND rule.keep_ms = :keepMs::bigint AS expired
    FROM page p
    LEFT JOIN LATERAL (
      SELECT r.keep_ms FROM holdfast.retention r
       WHERE r.application = :application AND r.workflow IN (p.name, '')
       ORDER BY r.workflow DESC LIMIT 1) AS rule ON TRUE
   ORDER BY p.completed_at, p.workflow_uuid`;

/**
 * Locks those of the runs that are still ended and that nobody needs: no descendant is unfinished, and no ancestor, which may still ask
 * for its child's result, nor a fork of an ancestor, which asks for the same child. The lateral joins make each look-up one by key.
 */
const LOCK = `
  SELECT w.workflow_uuid AS "runId"
    FROM dbos.workflow_status w
   WHERE w.workflow_uuid = ANY(:expired::text[])
     AND w.completed_at <= (EXTRACT(epoch FROM now()) * 1000)::bigint - :keepMs::bigint
     AND w.status IN ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
     AND NOT EXISTS (
       WITH RECURSIVE below (id, status) AS (
         SELECT c.workflow_uuid, c.status FROM dbos.workflow_status c WHERE c.parent_workflow_id = w.workflow_uuid
         UNION
         SELECT c.id, c.status
           FROM below b
          CROSS JOIN LATERAL (
            SELECT s.workflow_uuid AS id, s.status FROM dbos.workflow_status s
             WHERE s.parent_workflow_id = b.id OFFSET 0) AS c)
       SELECT FROM below
        WHERE below.status NOT IN ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'))
     AND NOT EXISTS (
       WITH RECURSIVE above (id) AS (
         SELECT w.parent_workflow_id WHERE w.parent_workflow_id IS NOT NULL
         UNION
         SELECT n.id
           FROM above a
          CROSS JOIN LATERAL (
            SELECT s.parent_workflow_id AS id FROM dbos.workflow_status s
             WHERE s.workflow_uuid = a.id AND s.parent_workflow_id IS NOT NULL
            UNION ALL
            SELECT s.workflow_uuid FROM dbos.workflow_status s WHERE s.forked_from = a.id) AS n)
       SELECT FROM above
        WHERE (SELECT s.status FROM dbos.workflow_status s WHERE s.workflow_uuid = above.id)
              NOT IN ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'))
     FOR UPDATE OF w SKIP LOCKED`;

/** These hold rows of a run without a foreign key; everything else goes with the row of its status. The status is the last to go. */
const DELETES = [
  'DELETE FROM dbos.workflow_input WHERE workflow_uuid = ANY(:runIds::text[])',
  'DELETE FROM dbos.workflow_output WHERE workflow_uuid = ANY(:runIds::text[])',
  'DELETE FROM dbos.operation_outputs WHERE workflow_uuid = ANY(:runIds::text[])',
  'DELETE FROM dbos.transaction_completion WHERE workflow_id = ANY(:runIds::text[])',
  'DELETE FROM dbos.workflow_status WHERE workflow_uuid = ANY(:runIds::text[])',
];

/** Returns the next `most` ended runs of the round, the one that ended first before the others. */
export async function readEnded(
  trx: Knex,
  application: string,
  { keepMs, reached }: RetentionRound,
  most: number,
): Promise<EndedPage> {
  const { rows } = await trx.raw<{ rows: (EndedPosition & { expired: boolean | null })[] }>(PAGE, {
    application,
    keepMs,
    ...reached,
    most,
  });
  return {
    expired: rows.filter((row) => row.expired === true).map((row) => row.runId),
    last: rows.at(-1),
    isFull: rows.length === most,
  };
}

/** Removes those of `expired` that nobody needs and nobody is changing just now. Returns how many. */
export async function deleteExpired(
  trx: Knex.Transaction,
  keepMs: number,
  expired: readonly string[],
): Promise<number> {
  if (expired.length === 0) return 0;
  const { rows } = await trx.raw<{ rows: { runId: string }[] }>(LOCK, { expired: [...expired], keepMs });
  const runIds = rows.map((row) => row.runId);
  if (runIds.length === 0) return 0;
  for (const sql of DELETES) await trx.raw(sql, { runIds });
  return runIds.length;
}
