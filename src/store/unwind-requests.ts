// The table of runs that are to be unwound: noted when they end, or when somebody asks for it, and found by a sweep where that was missed.

import type { Knex } from 'knex';

/** Has the run unwound once it is over. That is for runs that were cancelled or given up: a person could let these go on instead. Returns false when that was noted before. */
export async function requestUnwind(db: Knex, runId: string): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    'INSERT INTO holdfast.unwind_requests (run_id) VALUES (:runId) ON CONFLICT (run_id) DO NOTHING',
    { runId },
  );
  return rowCount === 1;
}

/** Notes those of the runs that have failed with an error of theirs, and have something to undo, they or a run below them. */
export async function noteFailed(db: Knex, runIds: readonly string[]): Promise<void> {
  await db.raw(
    `INSERT INTO holdfast.unwind_requests (run_id)
     SELECT w.workflow_uuid FROM dbos.workflow_status w
      WHERE w.workflow_uuid = ANY(:runIds::text[]) AND w.status = 'ERROR'
        AND EXISTS (
          WITH RECURSIVE tree AS (
            SELECT w.workflow_uuid AS id
             UNION
            SELECT below.workflow_uuid FROM dbos.workflow_status below JOIN tree ON below.parent_workflow_id = tree.id)
          SELECT FROM tree JOIN holdfast.compensations c ON c.run_id = tree.id
           WHERE c.state = 'armed' AND c.effect = 'compensable')
     ON CONFLICT (run_id) DO NOTHING`,
    { runIds: [...runIds] },
  );
}

/** Returns false when another process searches for failed runs just now; otherwise none does until the end of the transaction. */
export async function searchesAlone(trx: Knex.Transaction): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: [{ alone: boolean }] }>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended('holdfast failed runs', 0)) AS alone`,
  );
  return rows[0].alone;
}

/**
 * Notes every run that has failed and has something to undo, whoever saw it fail. It begins with the calls that may have to be undone and
 * looks at their runs, and at those above them; runs without such calls cost nothing.
 */
export async function noteAllFailed(db: Knex, application: string): Promise<void> {
  await db.raw(
    `WITH RECURSIVE above AS (
       SELECT run_id AS id FROM holdfast.compensations WHERE state = 'armed' AND effect = 'compensable'
        UNION
       SELECT parent.id FROM above
        CROSS JOIN LATERAL (
          SELECT w.parent_workflow_id AS id FROM dbos.workflow_status w
           WHERE w.workflow_uuid = above.id AND w.parent_workflow_id IS NOT NULL
          OFFSET 0) AS parent)
     INSERT INTO holdfast.unwind_requests (run_id)
     SELECT run.id FROM above
      CROSS JOIN LATERAL (
        SELECT w.workflow_uuid AS id FROM dbos.workflow_status w
         WHERE w.workflow_uuid = above.id AND w.status = 'ERROR' AND w.application_name = :application
        OFFSET 0) AS run
     ON CONFLICT (run_id) DO NOTHING`,
    { application },
  );
}

/** A run that has to be unwound, and on whose behalf. */
export interface Unwindable {
  runId: string;
  tenant: string | null;
}

/**
 * Returns runs that are to be unwound, are over, and whose unwinding was not started: those that were noted first, at most a hundred, and
 * none of `without`. Forgets requests for runs that have succeeded all the same.
 */
export async function unwindable(db: Knex, application: string, without: readonly string[]): Promise<Unwindable[]> {
  await db.raw(
    `DELETE FROM holdfast.unwind_requests q USING dbos.workflow_status w
      WHERE q.started_at IS NULL AND w.workflow_uuid = q.run_id AND w.status = 'SUCCESS'`,
  );
  const { rows } = await db.raw<{ rows: Unwindable[] }>(
    `SELECT w.workflow_uuid AS "runId", w.authenticated_user AS tenant
       FROM holdfast.unwind_requests q
       JOIN dbos.workflow_status w ON w.workflow_uuid = q.run_id
      WHERE q.started_at IS NULL AND w.application_name = :application
        AND w.status IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
        AND w.workflow_uuid <> ALL(:without::text[])
      ORDER BY q.requested_at
      LIMIT 100`,
    { application, without: [...without] },
  );
  return rows;
}

/** Notes that the run's unwinding was started: it is never started again. */
export async function noteStarted(db: Knex, runId: string): Promise<void> {
  await db.raw('UPDATE holdfast.unwind_requests SET started_at = now() WHERE run_id = :runId AND started_at IS NULL', {
    runId,
  });
}
