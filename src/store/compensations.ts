// The table of what has to be undone when a run fails: written before an effect is made, read by the run that unwinds it.

import type { Knex } from 'knex';

/** A call whose run is to be unwound when it fails. */
export interface Armed {
  runId: string;
  stepId: number;
  tool: string;
  effect: 'compensable' | 'irreversible';
  /** SuperJSON. */
  arguments: string;
  key: string;
}

/** With these a call has not failed by itself: its result could not be recorded, or its time was up while it went on. */
const SAYING_NOTHING = ['tool_result_too_large', 'not_serializable', 'step_timeout'];

/** What is known of a call by the time that its run is unwound; arguments and result may be long, and are read when it is its turn. */
export interface ArmedCall extends Omit<Armed, 'arguments'> {
  /** `registered` is what `compensateWith` left: `tool` is then the method that undoes, and `arguments` is the list of its arguments. */
  kind: 'call' | 'registered';
  /** Calls of a run with the same wave were made at the same time. */
  wave: number;
  /** `none` also where the error that is recorded says nothing of what the call did. */
  outcome: 'succeeded' | 'failed' | 'none';
}

/** One execution that begins a call. */
export interface Beginning extends Armed {
  /** A UUID: names the execution. */
  executionId: string;
}

/** Names a call. */
type Place = Pick<Armed, 'runId' | 'stepId'>;

/**
 * Notes that a call is about to be made; to be done again when the database's answer got lost. Returns false when its run is over, so
 * that the call must not be made. That is asked in a statement of its own, after the note is there for all to see: either we see that the
 * run is over, or whoever unwinds it sees the note. So the row of the run need not be locked.
 */
export async function arm(db: Knex, beginning: Beginning): Promise<boolean> {
  await db.raw(
    `INSERT INTO holdfast.compensations AS c (run_id, step_id, tool, effect, arguments, key, execution_id, wave)
     SELECT :runId, :stepId::integer, :tool, :effect, :arguments, :key, :executionId::uuid,
            COALESCE(max(before.wave) + 1, 0)
       FROM holdfast.compensations before
      WHERE before.run_id = :runId
        AND EXISTS (SELECT FROM dbos.operation_outputs o
                     WHERE o.workflow_uuid = before.run_id AND o.function_id = before.step_id)
     ON CONFLICT (run_id, step_id) DO UPDATE
        SET executions = c.executions + 1, execution_id = excluded.execution_id
      WHERE c.execution_id IS DISTINCT FROM excluded.execution_id`,
    { ...beginning },
  );
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM dbos.workflow_status WHERE workflow_uuid = :runId AND status = 'PENDING'`,
    { runId: beginning.runId },
  );
  return rows.length > 0;
}

/**
 * Notes a method that undoes what the run does by itself, under a step of its own; nothing when that was noted before. It counts as later
 * than all that was noted before it.
 */
export async function register(db: Knex, armed: Omit<Armed, 'effect'>): Promise<void> {
  await db.raw(
    `INSERT INTO holdfast.compensations (run_id, step_id, tool, effect, arguments, key, kind, wave)
     SELECT :runId, :stepId::integer, :tool, 'compensable', :arguments, :key, 'registered',
            COALESCE(max(before.wave) + 1, 0)
       FROM holdfast.compensations before WHERE before.run_id = :runId
     ON CONFLICT (run_id, step_id) DO NOTHING`,
    { ...armed },
  );
}

/**
 * Returns what may have to be undone of a run and those below it, the latest call first, and what cannot be undone, which every unwinding
 * asks about for itself. The run and those below it have to be over.
 */
export async function armedCalls(db: Knex, runId: string): Promise<ArmedCall[]> {
  const { rows } = await db.raw<{ rows: ArmedCall[] }>(
    `WITH RECURSIVE tree AS (
       SELECT workflow_uuid FROM dbos.workflow_status WHERE workflow_uuid = :runId
        UNION
       SELECT w.workflow_uuid FROM dbos.workflow_status w JOIN tree ON w.parent_workflow_id = tree.workflow_uuid)
     SELECT c.run_id AS "runId", c.step_id AS "stepId", c.tool, c.effect, c.key, c.kind, c.wave,
            CASE WHEN o.workflow_uuid IS NULL THEN 'none'
                 WHEN o.error IS NULL THEN 'succeeded'
                 WHEN holdfast.recorded_error(o.error) ->> 'code' = ANY(:sayingNothing) THEN 'none'
                 ELSE 'failed' END AS outcome
       FROM tree
       JOIN holdfast.compensations c ON c.run_id = tree.workflow_uuid
        AND (c.state IN ('armed', 'closed') OR c.state = 'accepted' AND c.effect = 'irreversible')
       LEFT JOIN dbos.operation_outputs o ON o.workflow_uuid = c.run_id AND o.function_id = c.step_id
      ORDER BY c.armed_at DESC, c.step_id DESC`,
    { runId, sayingNothing: SAYING_NOTHING },
  );
  return rows;
}

/**
 * Says of calls that they are not to be undone any more, because their runs and all runs above these have succeeded. Whoever looks for
 * what may have to be undone need not look at them then.
 */
export async function settleKept(db: Knex): Promise<void> {
  await db.raw(
    `WITH RECURSIVE above AS (
       SELECT DISTINCT run_id, run_id AS id FROM holdfast.compensations WHERE state = 'armed' AND effect = 'compensable'
        UNION
       SELECT above.run_id, parent.id FROM above
        CROSS JOIN LATERAL (
          SELECT w.parent_workflow_id AS id FROM dbos.workflow_status w
           WHERE w.workflow_uuid = above.id AND w.status = 'SUCCESS' AND w.parent_workflow_id IS NOT NULL
          OFFSET 0) AS parent),
     kept AS MATERIALIZED (
       SELECT above.run_id FROM above
        CROSS JOIN LATERAL (SELECT w.status FROM dbos.workflow_status w WHERE w.workflow_uuid = above.id OFFSET 0) AS run
        GROUP BY above.run_id HAVING bool_and(run.status = 'SUCCESS'))
     UPDATE holdfast.compensations SET state = 'kept', settled_at = now()
      WHERE run_id = ANY(ARRAY(SELECT run_id FROM kept)) AND state = 'armed'`,
  );
}

/** What is known of a call for which nothing more is sent. */
export interface ClosedCall {
  /** Whether it was said what became of it. Nothing is said of one whose run was removed before that. */
  isSettled: boolean;
  /**
   * Whether it may have done something, if it has not succeeded: because a request that it sent may have been done, or, where it has sent
   * none, because an execution died in it, which may have acted in another way. Only a single sending that was refused is known not to
   * have been done: an error of the server says nothing, and a refusal of the last of several nothing of the others.
   */
  mayHaveActed: boolean;
  /** SuperJSON; null when it was removed. */
  arguments: string | null;
  /** SuperJSON; of a call that succeeded. */
  result: string | null;
}

/** Sees to it that no request is sent for the call any more, and returns what those that were sent may have done. */
export async function closeCall(db: Knex, { runId, stepId, outcome }: ArmedCall): Promise<ClosedCall> {
  // This waits for receipts that are being written, and whoever comes later finds it closed. So the next statement sees all there will be.
  await db.raw(
    `UPDATE holdfast.compensations SET state = 'closed' WHERE run_id = :runId AND step_id = :stepId AND state = 'armed'`,
    { runId, stepId },
  );
  const { rows } = await db.raw<{ rows: [ClosedCall] }>(
    `SELECT COALESCE(c.state NOT IN ('armed', 'closed'), FALSE) AS "isSettled",
            COALESCE(sent."mayHaveActed", COALESCE(c.executions, 1) > 1 OR :outcome = 'none') AS "mayHaveActed",
            c.arguments,
            (SELECT o.output FROM dbos.operation_outputs o
              WHERE o.workflow_uuid = :runId AND o.function_id = :stepId AND o.error IS NULL) AS result
       FROM (SELECT bool_or(r.state = 'sent'
                            OR r.state = 'answered' AND (r.status NOT BETWEEN 400 AND 499 OR r.attempts > 1)) AS "mayHaveActed"
               FROM holdfast.receipts r WHERE r.run_id = :runId AND r.step_id = :stepId) AS sent
       LEFT JOIN holdfast.compensations c ON c.run_id = :runId AND c.step_id = :stepId`,
    { runId, stepId, outcome },
  );
  return rows[0];
}

/** Says what became of a call; nothing when that was said before. */
export async function settleCall(
  db: Knex,
  { runId, stepId }: Place,
  state: 'undone' | 'nothing_to_undo' | 'accepted',
): Promise<void> {
  await db.raw(
    `UPDATE holdfast.compensations SET state = :state, settled_at = now()
      WHERE run_id = :runId AND step_id = :stepId AND state IN ('armed', 'closed')`,
    { runId, stepId, state },
  );
}
