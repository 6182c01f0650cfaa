// Takes a run back to a step, to do that and all that follows once more; not past anything that was done to the world.

import type { Knex } from 'knex';
import { RECOVERY_LANE } from './recovery-lane.ts';

/** How far a run is to be taken back. */
export interface Rewind {
  /** The first step that is forgotten. */
  stepId: number;
  /** Names of steps that may be forgotten: they do nothing to anybody. */
  harmless: readonly string[];
  /** What is written in the same transaction. */
  note: (trx: Knex.Transaction) => Promise<void>;
}

/** What became of it: the lane that the run waits in; what stands in the way; or that the run is somebody else's by now. */
export type Rewound = { lane: string } | { obstacle: string } | 'lost';

/**
 * Forgets what is recorded of the run from a step on, and puts the run back into its lane, while it belongs to the execution with `token`.
 * Nothing is changed where something that follows may have acted outside, or asked a person.
 */
export async function rewindRun(
  db: Knex,
  { runId, token, stepId, harmless, note }: Rewind & { runId: string; token: string },
): Promise<Rewound> {
  return db.transaction(async (trx) => {
    const owned = await trx.raw<{ rows: unknown[] }>(
      `SELECT FROM dbos.workflow_status
        WHERE workflow_uuid = :runId AND status = 'PENDING' AND owner_xid = :token FOR NO KEY UPDATE`,
      { runId, token },
    );
    if (owned.rows.length === 0) return 'lost';
    const { rows } = await trx.raw<{ rows: { obstacle: string }[] }>(OBSTACLE, {
      runId,
      stepId,
      harmless: [...harmless],
    });
    if (rows[0]) return rows[0];
    await trx.raw(FORGET, { runId, stepId });
    await note(trx);
    const { rows: requeued } = await trx.raw<{ rows: [{ lane: string }] }>(REQUEUE, { runId, lane: RECOVERY_LANE });
    return requeued[0];
  });
}

/** The first thing that must not be forgotten. An intent counts: nobody knows whether it was followed by the act. */
const OBSTACLE = `
SELECT 'step ' || step_id || ' (' || what || ')' AS obstacle FROM (
  SELECT function_id AS step_id, holdfast.step_name(function_name) AS what FROM dbos.operation_outputs
   WHERE workflow_uuid = :runId AND function_id >= :stepId
     AND (function_name <> ALL(:harmless) OR child_workflow_id IS NOT NULL)
  UNION ALL
  SELECT step_id, tool FROM holdfast.receipts WHERE run_id = :runId AND step_id >= :stepId
  UNION ALL
  SELECT step_id, tool FROM holdfast.compensations WHERE run_id = :runId AND step_id >= :stepId
  UNION ALL
  SELECT step_id, 'approval' FROM holdfast.approvals WHERE run_id = :runId AND step_id >= :stepId) AS done
 ORDER BY step_id LIMIT 1`;

/** What its model was paid for stays: that was spent. So does what counts how often the run was taken back. */
const FORGET = `
WITH steps AS (
  DELETE FROM dbos.operation_outputs WHERE workflow_uuid = :runId AND function_id >= :stepId),
attempts AS (
  DELETE FROM holdfast.attempts WHERE run_id = :runId AND step_id >= :stepId),
pieces AS (
  DELETE FROM holdfast.token_chunks WHERE run_id = :runId AND step_id >= :stepId),
drifts AS (
  DELETE FROM holdfast.drifts WHERE run_id = :runId AND step_id >= :stepId AND rewinds = 0)
DELETE FROM holdfast.releases WHERE run_id = :runId AND step_id >= :stepId`;

/** This claim does not count as an attempt at recovery. */
const REQUEUE = `
UPDATE dbos.workflow_status
   SET status = 'ENQUEUED', owner_xid = NULL, queue_name = COALESCE(queue_name, :lane),
       recovery_attempts = GREATEST(recovery_attempts - 1, 0),
       updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
 WHERE workflow_uuid = :runId
RETURNING queue_name AS lane`;
