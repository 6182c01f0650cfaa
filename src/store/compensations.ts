// The tables of what has to be undone when a run fails: written before an effect is made, read by the run that unwinds it.

import type { Knex } from 'knex';

/** A call that is about to be made. */
export interface Armed {
  runId: string;
  stepId: number;
  tool: string;
  effect: 'compensable' | 'irreversible';
  /** SuperJSON. */
  arguments: string;
  key: string;
}

/** What is known of a call by the time that its run is unwound. */
export interface ArmedCall extends Armed {
  outcome: 'succeeded' | 'failed' | 'none';
  /** SuperJSON; of a call that succeeded. */
  result: string | null;
  /**
   * Whether it sent a request that may have been done. Only a single sending that was refused is known not to have been: an error of the
   * server says nothing, and a refusal of the last of several nothing of the others.
   */
  mayHaveActed: boolean;
}

/** Notes a call before it is made; nothing when it was noted before. */
export async function arm(db: Knex, armed: Armed): Promise<void> {
  await db.raw(
    `INSERT INTO holdfast.compensations (run_id, step_id, tool, effect, arguments, key)
     VALUES (:runId, :stepId, :tool, :effect, :arguments, :key)
     ON CONFLICT (run_id, step_id) DO NOTHING`,
    { ...armed },
  );
}

/** Returns what is still armed of a run and those below it, the latest call first. */
export async function armedCalls(db: Knex, runId: string): Promise<ArmedCall[]> {
  const { rows } = await db.raw<{ rows: ArmedCall[] }>(
    `WITH RECURSIVE tree AS (
       SELECT workflow_uuid FROM dbos.workflow_status WHERE workflow_uuid = :runId
        UNION
       SELECT w.workflow_uuid FROM dbos.workflow_status w JOIN tree ON w.parent_workflow_id = tree.workflow_uuid)
     SELECT c.run_id AS "runId", c.step_id AS "stepId", c.tool, c.effect, c.arguments, c.key,
            CASE WHEN o.workflow_uuid IS NULL THEN 'none' WHEN o.error IS NULL THEN 'succeeded' ELSE 'failed' END AS outcome,
            CASE WHEN o.error IS NULL THEN o.output END AS result,
            EXISTS (SELECT FROM holdfast.receipts r
                     WHERE r.run_id = c.run_id AND r.step_id = c.step_id
                       AND (r.state = 'sent'
                            OR r.state = 'answered' AND (r.status NOT BETWEEN 400 AND 499 OR r.attempts > 1))) AS "mayHaveActed"
       FROM tree
       JOIN holdfast.compensations c ON c.run_id = tree.workflow_uuid AND c.state = 'armed'
       LEFT JOIN dbos.operation_outputs o ON o.workflow_uuid = c.run_id AND o.function_id = c.step_id
      ORDER BY c.armed_at DESC, c.step_id DESC`,
    { runId },
  );
  return rows;
}

/** Tells whether it was said what became of the call. Nothing is said of one whose run was removed before that. */
export async function isSettled(db: Knex, { runId, stepId }: Pick<Armed, 'runId' | 'stepId'>): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM holdfast.compensations WHERE run_id = :runId AND step_id = :stepId AND state <> 'armed'`,
    { runId, stepId },
  );
  return rows.length > 0;
}

/** Says what became of a call; nothing when that was said before. */
export async function settleCall(
  db: Knex,
  { runId, stepId }: Pick<Armed, 'runId' | 'stepId'>,
  state: 'undone' | 'nothing_to_undo',
): Promise<void> {
  await db.raw(
    `UPDATE holdfast.compensations SET state = :state, settled_at = now()
      WHERE run_id = :runId AND step_id = :stepId AND state = 'armed'`,
    { runId, stepId, state },
  );
}

/**
 * Says that unwinding may go past the call once somebody has released the run `heldId`; nothing when that run is not held. The call is
 * noted even if its run was removed meanwhile: otherwise it would be asked for without end.
 */
export async function acceptOnceReleased(db: Knex, call: Armed, heldId: string): Promise<void> {
  const { runId, stepId, tool, effect, arguments: args, key } = call;
  await db.raw(
    `INSERT INTO holdfast.compensations AS c (run_id, step_id, tool, effect, arguments, key, state, settled_at)
     SELECT :runId, :stepId::integer, :tool, :effect, :args, :key, 'accepted', now()
       FROM dbos.workflow_status WHERE workflow_uuid = :heldId AND status = 'DELAYED' AND owner_xid = 'held'
     ON CONFLICT (run_id, step_id) DO UPDATE SET state = 'accepted', settled_at = now() WHERE c.state = 'armed'`,
    { runId, stepId, tool, effect, args, key, heldId },
  );
}

/** Has the run unwound once it is cancelled. */
export async function requestUnwind(db: Knex, runId: string): Promise<void> {
  await db.raw('INSERT INTO holdfast.unwind_requests (run_id) VALUES (:runId) ON CONFLICT (run_id) DO NOTHING', {
    runId,
  });
}

/** A run that has to be unwound, and on whose behalf. */
export interface Unwindable {
  runId: string;
  tenant: string | null;
}

/**
 * Returns runs that have ended without success within the last `seconds`, have something to undo, and are not being unwound; of a run
 * and those below it that ended with it, the one on top. At most a hundred.
 */
export async function unwindable(db: Knex, application: string, seconds: number): Promise<Unwindable[]> {
  const { rows } = await db.raw<{ rows: Unwindable[] }>(
    `SELECT w.workflow_uuid AS "runId", w.authenticated_user AS tenant
       FROM dbos.workflow_status w
      WHERE w.completed_at >= (EXTRACT(EPOCH FROM now()) * 1000)::bigint - :seconds::bigint * 1000
        AND w.application_name = :application
        AND (w.status = 'ERROR'
             OR w.status = 'CANCELLED' AND EXISTS (SELECT FROM holdfast.unwind_requests q WHERE q.run_id = w.workflow_uuid))
        AND EXISTS (
          WITH RECURSIVE tree AS (
            SELECT w.workflow_uuid
             UNION
            SELECT below.workflow_uuid FROM dbos.workflow_status below JOIN tree ON below.parent_workflow_id = tree.workflow_uuid)
          SELECT FROM tree JOIN holdfast.compensations c ON c.run_id = tree.workflow_uuid
           WHERE c.state = 'armed' AND c.effect = 'compensable')
        AND NOT EXISTS (SELECT FROM dbos.workflow_status u WHERE u.workflow_uuid = w.workflow_uuid || '-unwind')
      LIMIT 100`,
    { application, seconds },
  );
  return rows;
}
