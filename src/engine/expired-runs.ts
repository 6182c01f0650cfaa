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
 * Locks the runs that are still ended, and returns those of them that nobody needs: no child or fork, nor theirs, is unfinished; no
 * ancestor, which may still ask for its child's result; and no fork of an ancestor, which asks for the same child. Whoever stands between
 * two such runs is needed for the same reason, so it does not matter which run is looked at first.
 *
 * What is to be undone of a run is known from it and those below it, so they stay until its unwinding has ended. An unwinding run goes
 * together with the run that it has unwound, once both have been kept for long enough; otherwise that one would look as if it were still
 * to be unwound. The sum, the lateral joins and `OFFSET 0` keep every look-up one by key, whatever the planner expects.
 */
const LOCK = `
  WITH RECURSIVE locked AS MATERIALIZED (
    SELECT workflow_uuid AS id, parent_workflow_id AS parent_id FROM dbos.workflow_status
     WHERE workflow_uuid = ANY(:expired::text[])
       AND completed_at + :keepMs::bigint <= (EXTRACT(epoch FROM now()) * 1000)::bigint
       AND status IN ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
       FOR UPDATE SKIP LOCKED),
  below (run_id, id) AS (
    SELECT id, id FROM locked
    UNION
    SELECT b.run_id, next.id
      FROM below b
     CROSS JOIN LATERAL (
       SELECT s.workflow_uuid AS id FROM dbos.workflow_status s WHERE s.parent_workflow_id = b.id
       UNION ALL
       SELECT s.workflow_uuid FROM dbos.workflow_status s WHERE s.forked_from = b.id) AS next),
  above (run_id, id, is_fork) AS (
    SELECT id, parent_id, FALSE FROM locked WHERE parent_id IS NOT NULL
    UNION
    SELECT a.run_id, next.id, next.is_fork
      FROM above a
     CROSS JOIN LATERAL (
       SELECT s.parent_workflow_id AS id, FALSE AS is_fork FROM dbos.workflow_status s
        WHERE s.workflow_uuid = a.id AND s.parent_workflow_id IS NOT NULL AND NOT a.is_fork
       UNION ALL
       SELECT s.workflow_uuid, TRUE FROM dbos.workflow_status s WHERE s.forked_from = a.id) AS next),
  self_and_above (run_id, id) AS (
    SELECT id, id FROM locked
    UNION ALL
    SELECT run_id, id FROM above WHERE NOT is_fork),
  to_be_unwound AS (
    SELECT a.run_id
      FROM self_and_above a
     CROSS JOIN LATERAL (
       SELECT s.status FROM dbos.workflow_status s WHERE s.workflow_uuid = a.id AND s.status <> 'SUCCESS'
       OFFSET 0) AS run
      LEFT JOIN LATERAL (SELECT r.run_id, r.started_at FROM holdfast.unwind_requests r WHERE r.run_id = a.id OFFSET 0) AS request ON TRUE
      LEFT JOIN LATERAL (
        SELECT s.status, s.completed_at FROM dbos.workflow_status s
         WHERE s.workflow_uuid = a.id || '-unwind' AND request.started_at IS NOT NULL
        OFFSET 0) AS unwinding ON TRUE
     WHERE CASE
             WHEN request.run_id IS NULL THEN run.status = 'ERROR' AND EXISTS (
               WITH RECURSIVE tree AS (
                 SELECT a.id
                  UNION
                 SELECT s.workflow_uuid FROM tree JOIN dbos.workflow_status s ON s.parent_workflow_id = tree.id)
               SELECT FROM tree JOIN holdfast.compensations c ON c.run_id = tree.id
                WHERE c.state = 'armed' AND c.effect = 'compensable')
             WHEN request.started_at IS NULL THEN TRUE
             WHEN unwinding.status NOT IN ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED') THEN TRUE
             ELSE a.id = a.run_id
                  AND unwinding.completed_at + :keepMs::bigint > (EXTRACT(epoch FROM now()) * 1000)::bigint
           END),
  unwindings AS (
    SELECT locked.id
      FROM locked
     CROSS JOIN LATERAL (
       SELECT r.run_id FROM holdfast.unwind_requests r
        WHERE right(locked.id, 7) = '-unwind' AND r.run_id = left(locked.id, -7) AND r.started_at IS NOT NULL
       OFFSET 0) AS request
     CROSS JOIN LATERAL (SELECT FROM dbos.workflow_status s WHERE s.workflow_uuid = request.run_id OFFSET 0) AS unwound)
  SELECT id AS "runId" FROM locked
  EXCEPT
  SELECT run_id FROM to_be_unwound
  EXCEPT
  SELECT id FROM unwindings
  EXCEPT
  SELECT relative.run_id
    FROM (SELECT run_id, id FROM below UNION ALL SELECT run_id, id FROM above) AS relative
   WHERE (SELECT s.status FROM dbos.workflow_status s WHERE s.workflow_uuid = relative.id)
         NOT IN ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')`;

/** Those of some runs that another run has unwound. */
const UNWOUND = `
  SELECT r.run_id AS "runId"
    FROM holdfast.unwind_requests r
   CROSS JOIN LATERAL (SELECT FROM dbos.workflow_status s WHERE s.workflow_uuid = r.run_id || '-unwind' OFFSET 0) AS unwinding
   WHERE r.run_id = ANY(:runIds::text[]) AND r.started_at IS NOT NULL`;

const LOCK_ENDED = `
  SELECT workflow_uuid AS "runId" FROM dbos.workflow_status
   WHERE workflow_uuid = ANY(:runIds::text[])
     AND status IN ('SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
     FOR UPDATE SKIP LOCKED`;

/**
 * What model calls of the runs have used stays in the sums. These hold rows of a run without a foreign key; everything else goes with the
 * row of its status. The status is the last to go.
 */
const DELETES = [
  'SELECT holdfast.count_calls_of(:runIds::text[])',
  'DELETE FROM dbos.workflow_input WHERE workflow_uuid = ANY(:runIds::text[])',
  'DELETE FROM dbos.workflow_output WHERE workflow_uuid = ANY(:runIds::text[])',
  'DELETE FROM dbos.operation_outputs WHERE workflow_uuid = ANY(:runIds::text[])',
  'DELETE FROM dbos.transaction_completion WHERE workflow_id = ANY(:runIds::text[])',
  'DELETE FROM holdfast.receipts WHERE run_id = ANY(:runIds::text[])',
  'DELETE FROM holdfast.compensations WHERE run_id = ANY(:runIds::text[])',
  'DELETE FROM holdfast.approvals WHERE run_id = ANY(:runIds::text[])',
  'DELETE FROM holdfast.releases WHERE run_id = ANY(:runIds::text[])',
  'DELETE FROM holdfast.unwind_requests WHERE run_id = ANY(:runIds::text[])',
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
  const runIds = await withUnwindings(
    trx,
    rows.map((row) => row.runId),
  );
  if (runIds.length === 0) return 0;
  for (const sql of DELETES) await trx.raw(sql, { runIds });
  return runIds.length;
}

/** Returns the runs together with those that have unwound them, but none whose unwinding run somebody is changing just now. */
async function withUnwindings(trx: Knex.Transaction, runIds: string[]): Promise<string[]> {
  if (runIds.length === 0) return runIds;
  const { rows: unwound } = await trx.raw<{ rows: { runId: string }[] }>(UNWOUND, { runIds });
  if (unwound.length === 0) return runIds;
  const unwindings = unwound.map(({ runId }) => `${runId}-unwind`);
  const { rows: locked } = await trx.raw<{ rows: { runId: string }[] }>(LOCK_ENDED, { runIds: unwindings });
  const free = new Set(locked.map(({ runId }) => runId));
  const busy = new Set(unwound.map(({ runId }) => runId).filter((runId) => !free.has(`${runId}-unwind`)));
  return [...runIds.filter((runId) => !busy.has(runId)), ...free];
}
