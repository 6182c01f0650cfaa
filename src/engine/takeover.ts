// Moves runs between executors: those of a dead one back into their lanes, and our own when this process stops.

import type { Knex } from 'knex';
import { RECOVERY_LANE } from './system-database.ts';

/**
 * Puts every run whose executor holds no lease back into its lane. Stateless on purpose: it also catches runs that a process
 * claimed while it was taken for dead. Rows that somebody else is changing just now are left for the next sweep.
 * Returns the lanes that now have something to claim, and how many runs were moved.
 */
export async function requeueOrphans(db: Knex, application: string): Promise<{ lanes: string[]; runs: number }> {
  const { rows } = await db.raw<{ rows: { lane: string }[] }>(
    `WITH orphans AS (
       SELECT workflow_uuid FROM dbos.workflow_status w
        WHERE w.status = 'PENDING' AND w.application_name = :application
          AND NOT EXISTS (SELECT FROM holdfast.executors e WHERE e.executor_id = w.executor_id AND e.expires_at > now())
          FOR NO KEY UPDATE SKIP LOCKED)
     UPDATE dbos.workflow_status w
        SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL,
            queue_name = COALESCE(queue_name, :recoveryLane),
            updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
       FROM orphans WHERE w.workflow_uuid = orphans.workflow_uuid
     RETURNING w.queue_name AS lane`,
    { application, recoveryLane: RECOVERY_LANE },
  );
  return { lanes: [...new Set(rows.map((row) => row.lane))], runs: rows.length };
}

/**
 * Puts the runs of `executorId` back into their lanes, for others to go on with. This claim does not count as an attempt at
 * recovery: a run that lives through a hundred deploys is not a run that crashed a hundred times. Returns their lanes.
 */
export async function handOver(db: Knex, executorId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { lane: string }[] }>(
    `UPDATE dbos.workflow_status
        SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL,
            recovery_attempts = GREATEST(recovery_attempts - 1, 0),
            queue_name = COALESCE(queue_name, :recoveryLane),
            updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
      WHERE status = 'PENDING' AND executor_id = :executorId
     RETURNING queue_name AS lane`,
    { executorId, recoveryLane: RECOVERY_LANE },
  );
  return rows.map((row) => row.lane);
}
