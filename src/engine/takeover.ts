// Moves runs between executors: those of a dead one back into their lanes, and our own when this process stops.

import type { Knex } from 'knex';
import { RECOVERY_LANE } from './recovery-lane.ts';

/** Each batch is a statement that holds the locks of its rows to its end. */
const BATCH = 2000;

/**
 * Puts every run whose executor holds no lease back into its lane. Stateless on purpose: it also catches runs that a process
 * claimed while it was taken for dead. Rows that somebody else is changing just now are left for the next sweep.
 * Returns the lanes that now have something to claim, and how many runs were moved.
 */
export async function requeueOrphans(db: Knex, application: string): Promise<{ lanes: string[]; runs: number }> {
  const lanes = new Set<string>();
  for (let runs = 0; ;) {
    const batch = await requeueBatch(db, application);
    for (const { lane } of batch) lanes.add(lane);
    runs += batch.length;
    if (batch.length < BATCH) return { lanes: [...lanes], runs };
  }
}

async function requeueBatch(db: Knex, application: string): Promise<{ lane: string }[]> {
  const { rows } = await db.raw<{ rows: { lane: string }[] }>(
    `WITH orphans AS MATERIALIZED (
       SELECT workflow_uuid FROM dbos.workflow_status w
        WHERE w.status = 'PENDING' AND w.application_name = :application
          AND NOT EXISTS (SELECT FROM holdfast.leases l WHERE l.executor_id = w.executor_id AND l.expires_at > now())
        LIMIT :batch
          FOR NO KEY UPDATE SKIP LOCKED)
     UPDATE dbos.workflow_status
        SET status = 'ENQUEUED', owner_xid = NULL,
            queue_name = COALESCE(queue_name, :recoveryLane),
            updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
      WHERE workflow_uuid = ANY(ARRAY(SELECT workflow_uuid FROM orphans))
     RETURNING queue_name AS lane`,
    { application, batch: BATCH, recoveryLane: RECOVERY_LANE },
  );
  return rows;
}

/**
 * Puts the runs of `executorId` back into their lanes, for others to go on with. This claim does not count as an attempt at
 * recovery: a run that lives through a hundred deploys is not a run that crashed a hundred times. Returns their lanes.
 */
export async function handOver(db: Knex, executorId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { lane: string }[] }>(
    `UPDATE dbos.workflow_status
        SET status = 'ENQUEUED', owner_xid = NULL,
            recovery_attempts = GREATEST(recovery_attempts - 1, 0),
            queue_name = COALESCE(queue_name, :recoveryLane),
            updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
      WHERE status = 'PENDING' AND executor_id = :executorId
     RETURNING queue_name AS lane`,
    { executorId, recoveryLane: RECOVERY_LANE },
  );
  return rows.map((row) => row.lane);
}
