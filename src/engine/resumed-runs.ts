// Runs that were stopped and go on: cancelled ones, and those that were given up because their process died too often.

import type { Knex } from 'knex';
import { RECOVERY_LANE } from './recovery-lane.ts';
import { withoutUnended } from './takeover.ts';

/** What became of the wish that a run goes on. */
export interface Resumption {
  /** How many runs go on: the run itself and those below it that were stopped with it. 0 when it was not stopped. */
  resumed: number;
  /** A run that is being unwound, or was: the run itself, or one above it. Then nothing goes on. */
  unwound: string | null;
}

/**
 * Puts a stopped run into its lane, and with it the stopped ones below it whose ends nobody has recorded: they go on with their histories,
 * a new count of attempts, and no deadline. `lanes` says where the runs of a workflow wait; those of others are taken up like those of a
 * dead process.
 */
export async function resumeStopped(
  db: Knex,
  runId: string,
  lanes: ReadonlyMap<string, string | undefined>,
): Promise<Resumption> {
  const named = Object.fromEntries([...lanes].filter(([, lane]) => lane !== undefined));
  return db.transaction(async (trx) => {
    // A statement that waits does not see what was added meanwhile, such as the wish that a run above is unwound. So another one waits.
    await trx.raw(LOCK, { runId });
    const { rows } = await trx.raw<{ rows: [Resumption] }>(RESUME, {
      runId,
      lanes: JSON.stringify(named),
      recoveryLane: RECOVERY_LANE,
    });
    return rows[0];
  });
}

const LOCK = `
WITH RECURSIVE tree AS (
  SELECT workflow_uuid AS id FROM dbos.workflow_status WHERE workflow_uuid = :runId
  UNION ALL
  SELECT c.workflow_uuid FROM tree JOIN dbos.workflow_status c ON c.parent_workflow_id = tree.id)
SELECT FROM dbos.workflow_status
 WHERE workflow_uuid = ANY (ARRAY(SELECT id FROM tree))
   AND status IN ('CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
 ORDER BY workflow_uuid FOR NO KEY UPDATE`;

const RESUME = `
WITH RECURSIVE above AS (
  SELECT workflow_uuid AS id, parent_workflow_id AS parent FROM dbos.workflow_status WHERE workflow_uuid = :runId
  UNION ALL
  SELECT w.workflow_uuid, w.parent_workflow_id FROM above JOIN dbos.workflow_status w ON w.workflow_uuid = above.parent),
unwound AS MATERIALIZED (
  SELECT above.id FROM above JOIN holdfast.unwind_requests q ON q.run_id = above.id LIMIT 1),
tree AS (
  SELECT workflow_uuid AS id FROM dbos.workflow_status
   WHERE workflow_uuid = :runId AND status IN ('CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
  UNION ALL
  SELECT c.workflow_uuid FROM tree JOIN dbos.workflow_status c ON c.parent_workflow_id = tree.id
   WHERE c.status IN ('CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
     AND NOT EXISTS (SELECT FROM dbos.operation_outputs o
                      WHERE o.workflow_uuid = tree.id AND o.child_workflow_id = c.workflow_uuid
                        AND o.function_name = 'DBOS.getResult')),
stopped AS MATERIALIZED (
  SELECT workflow_uuid AS id FROM dbos.workflow_status
   WHERE workflow_uuid = ANY (ARRAY(SELECT id FROM tree)) AND NOT EXISTS (SELECT FROM unwound)
   ORDER BY workflow_uuid FOR NO KEY UPDATE),
resumed AS (
  UPDATE dbos.workflow_status w
     SET status = 'ENQUEUED', owner_xid = NULL, queue_name = COALESCE(:lanes::jsonb ->> w.name, :recoveryLane),
         recovery_attempts = 0, workflow_deadline_epoch_ms = NULL, deduplication_id = NULL, started_at_epoch_ms = NULL,
         completed_at = NULL, updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
   WHERE w.workflow_uuid = ANY (ARRAY(SELECT id FROM stopped))
     AND w.status IN ('CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
  RETURNING w.workflow_uuid),
${withoutUnended('resumed')}
SELECT (SELECT count(*)::int FROM resumed) AS resumed, (SELECT id FROM unwound) AS unwound`;
