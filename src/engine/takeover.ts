// Moves runs between executors: those of a dead one back into their lanes, and our own when this process stops.

import type { Knex } from 'knex';
import { RUNNING_LEASES, type RunningLease } from '../store/leases.ts';
import { RECOVERY_LANE } from './recovery-lane.ts';

/** Each batch is a statement that holds the locks of its rows to its end. */
const BATCH = 2000;

/**
 * Returns the part of a statement that removes what models have said in steps that did not come to their end, in the runs of its part
 * `moved`: whoever goes on with these begins such a step anew, and may say nothing in it.
 */
export function withoutUnended(moved: 'moved' | 'resumed'): string {
  return `
  unended AS (
    DELETE FROM holdfast.token_chunks c
     WHERE c.run_id = ANY(ARRAY(SELECT workflow_uuid FROM ${moved}))
       AND NOT EXISTS (SELECT FROM dbos.operation_outputs o WHERE o.workflow_uuid = c.run_id AND o.function_id = c.step_id))`;
}

/** What a look for orphans has found. */
export interface Requeued {
  /** Those that now have something to claim. */
  lanes: string[];
  /** How many runs were moved. */
  runs: number;
  /** Whose leases still run. */
  leases: RunningLease[];
}

/**
 * Puts every run whose executor holds no lease back into its lane. Stateless on purpose: it also catches runs that a process
 * claimed while it was taken for dead. Rows that somebody else is changing just now are left for the next sweep.
 */
export async function requeueOrphans(db: Knex, application: string): Promise<Requeued> {
  const lanes = new Set<string>();
  for (let runs = 0; ;) {
    const batch = await requeueBatch(db, application);
    for (const lane of batch.lanes) lanes.add(lane);
    runs += batch.runs;
    if (batch.runs < BATCH) return { lanes: [...lanes], runs, leases: batch.leases };
  }
}

async function requeueBatch(db: Knex, application: string): Promise<Requeued> {
  const { rows } = await db.raw<{ rows: [Requeued] }>(
    `WITH orphans AS MATERIALIZED (
       SELECT workflow_uuid FROM dbos.workflow_status w
        WHERE w.status = 'PENDING' AND w.application_name = :application
          AND NOT EXISTS (SELECT FROM holdfast.leases l WHERE l.executor_id = w.executor_id AND l.expires_at > now())
        LIMIT :batch
          FOR NO KEY UPDATE SKIP LOCKED),
     moved AS (
       UPDATE dbos.workflow_status
          SET status = 'ENQUEUED', owner_xid = NULL,
              queue_name = COALESCE(queue_name, :recoveryLane),
              updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
        WHERE workflow_uuid = ANY(ARRAY(SELECT workflow_uuid FROM orphans))
       RETURNING workflow_uuid, queue_name),
     ${withoutUnended('moved')}
     SELECT ARRAY(SELECT DISTINCT queue_name FROM moved) AS lanes, (SELECT count(*)::int FROM moved) AS runs,
            (${RUNNING_LEASES}) AS leases`,
    { application, batch: BATCH, recoveryLane: RECOVERY_LANE },
  );
  return rows[0];
}

/**
 * Puts the runs of `executorId` back into their lanes, for others to go on with. This claim does not count as an attempt at
 * recovery: a run that lives through a hundred deploys is not a run that crashed a hundred times. Returns their lanes.
 */
export async function handOver(db: Knex, executorId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { lane: string }[] }>(
    `WITH moved AS (
       UPDATE dbos.workflow_status
          SET status = 'ENQUEUED', owner_xid = NULL,
              recovery_attempts = GREATEST(recovery_attempts - 1, 0),
              queue_name = COALESCE(queue_name, :recoveryLane),
              updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
        WHERE status = 'PENDING' AND executor_id = :executorId
       RETURNING workflow_uuid, queue_name),
     ${withoutUnended('moved')}
     SELECT queue_name AS lane FROM moved`,
    { executorId, recoveryLane: RECOVERY_LANE },
  );
  return rows.map((row) => row.lane);
}
