// The table of held runs, and the state of the run that goes with a row: parked without a wake, owned by nobody.

import type { Knex } from 'knex';
import { storable } from '../lib/storable.ts';

const LONGEST_MESSAGE = 10_000;

/** Why a run is held: at a step, or because of its workflow. */
export interface Hold {
  reason:
    | 'unexpected_step'
    | 'nondeterminism'
    | 'unknown_effect'
    | 'irreversible_effect'
    | 'compensation_failed'
    | 'drift'
    | 'no_such_workflow';
  stepId: number | null;
  /** What the code calls. */
  expected: string | null;
  /** What is recorded. */
  found: string | null;
  message: string;
}

/** The names of a step in the words of the authoring API: `called` as the code has it, and as the run has it recorded. */
export interface StepNames {
  called: string | null;
  recorded: string | null;
}

/** Returns how the code's name of a step and the recorded one read to people. */
export async function stepNames(db: Knex, runId: string, stepId: number, called: string | null): Promise<StepNames> {
  const { rows } = await db.raw<{ rows: [StepNames] }>(
    `SELECT holdfast.step_name(:called) AS called,
            (SELECT holdfast.step_name(function_name) FROM dbos.operation_outputs
              WHERE workflow_uuid = :runId AND function_id = :stepId) AS recorded`,
    { runId, stepId, called },
  );
  return rows[0];
}

/**
 * Holds the run while it belongs to the execution with `token`; that claim then does not count as an attempt. The time of a delayed
 * run is NULL for good, so that nothing wakes it. Returns false when the run is not this execution's (any more).
 */
export async function holdRun(db: Knex, runId: string, token: string, hold: Hold): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `WITH held AS (
       UPDATE dbos.workflow_status
          SET status = 'DELAYED', owner_xid = 'held', delay_until_epoch_ms = NULL,
              recovery_attempts = GREATEST(recovery_attempts - 1, 0),
              updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
        WHERE workflow_uuid = :runId AND status = 'PENDING' AND owner_xid = :token
       RETURNING workflow_uuid)
     INSERT INTO holdfast.held_runs (run_id, reason, step_id, expected, found, message)
     SELECT workflow_uuid, :reason, :stepId, :expected, :found, :message FROM held
     ON CONFLICT (run_id) DO UPDATE
        SET reason = excluded.reason, step_id = excluded.step_id, expected = excluded.expected, found = excluded.found,
            message = excluded.message, held_at = excluded.held_at`,
    { runId, token, ...hold, message: storable(hold.message).slice(0, LONGEST_MESSAGE) },
  );
  return rowCount === 1;
}

/** Who looks for runs that nobody can run. */
export interface Seeker {
  application: string;
  executorId: string;
  /** The workflows that it has. */
  workflows: readonly string[];
}

/**
 * Holds runs that have waited for `waitedMs` milliseconds, and whose workflow no living process has. Of each lane the first thousand
 * are looked at: runs that somebody can run leave the head of the lane, the others stay there. A run that `seeker` has claimed
 * without having its workflow is held too, because it does not run. Returns the runs with their workflows.
 */
export async function holdStrangers(
  db: Knex,
  { application, executorId, workflows }: Seeker,
  waitedMs: number,
): Promise<{ runId: string; workflow: string }[]> {
  const { rows } = await db.raw<{ rows: { runId: string; workflow: string }[] }>(
    `WITH RECURSIVE lanes AS (
       (SELECT queue_name FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING') AND queue_name IS NOT NULL
         ORDER BY queue_name LIMIT 1)
       UNION ALL
       SELECT (SELECT w.queue_name FROM dbos.workflow_status w
                WHERE w.status IN ('ENQUEUED', 'PENDING') AND w.queue_name > lanes.queue_name
                ORDER BY w.queue_name LIMIT 1)
         FROM lanes WHERE lanes.queue_name IS NOT NULL),
     waiting AS (
       SELECT head.* FROM lanes, LATERAL (
         SELECT workflow_uuid, name, application_name, updated_at FROM dbos.workflow_status
          WHERE queue_name = lanes.queue_name AND status = 'ENQUEUED' ORDER BY priority, created_at LIMIT 1000) AS head
       UNION ALL
       SELECT workflow_uuid, name, application_name, updated_at FROM dbos.workflow_status
        WHERE status = 'PENDING' AND executor_id = :executorId AND name <> ALL(:workflows)),
     strangers AS (
       SELECT workflow_uuid FROM dbos.workflow_status
        WHERE workflow_uuid = ANY(ARRAY(
                SELECT workflow_uuid FROM waiting
                 WHERE application_name = :application AND name <> ALL(:workflows)
                   AND updated_at < (EXTRACT(EPOCH FROM now()) * 1000)::bigint - :waitedMs
                   AND NOT EXISTS (SELECT FROM holdfast.leases l
                                    WHERE l.expires_at > now() AND waiting.name = ANY(l.workflows))))
          AND (status = 'ENQUEUED' OR (status = 'PENDING' AND executor_id = :executorId))
          FOR NO KEY UPDATE SKIP LOCKED),
     held AS (
       UPDATE dbos.workflow_status w
          SET status = 'DELAYED', owner_xid = 'held', delay_until_epoch_ms = NULL,
              recovery_attempts = GREATEST(w.recovery_attempts - CASE w.status WHEN 'PENDING' THEN 1 ELSE 0 END, 0),
              updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
         FROM strangers WHERE w.workflow_uuid = strangers.workflow_uuid
       RETURNING w.workflow_uuid, w.name)
     INSERT INTO holdfast.held_runs (run_id, reason, found, message)
     SELECT workflow_uuid, 'no_such_workflow', name,
            'No process has the workflow ''' || name || ''': start a build that has it, then release the run.'
       FROM held
     ON CONFLICT (run_id) DO UPDATE
        SET reason = excluded.reason, step_id = NULL, expected = NULL, found = excluded.found,
            message = excluded.message, held_at = excluded.held_at
     RETURNING run_id AS "runId", found AS workflow`,
    { application, executorId, workflows: [...workflows], waitedMs },
  );
  return rows;
}

/**
 * Puts a held run back into its lane, or into `recoveryLane` when it never had one. Where it was held because nobody knew what became of
 * the call of a step, that may be made again. Returns the lane; undefined when the run is not held, or somebody else released it first.
 */
export async function releaseHeldRun(db: Knex, runId: string, recoveryLane: string): Promise<string | undefined> {
  return db.transaction(async (trx) => {
    // A statement that waits does not see what was added meanwhile, such as the next hold. So another one waits.
    await trx.raw('SELECT FROM dbos.workflow_status WHERE workflow_uuid = :runId FOR NO KEY UPDATE', { runId });
    const { rows } = await trx.raw<{ rows: { lane: string }[] }>(RELEASE, { runId, recoveryLane });
    return rows[0]?.lane;
  });
}

const RELEASE = `
WITH released AS (
  UPDATE dbos.workflow_status
     SET status = 'ENQUEUED', owner_xid = NULL,
         queue_name = COALESCE(queue_name, :recoveryLane),
         updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
   WHERE workflow_uuid = :runId AND status = 'DELAYED' AND owner_xid = 'held'
  RETURNING workflow_uuid, queue_name),
gone AS (
  DELETE FROM holdfast.held_runs h USING released WHERE h.run_id = released.workflow_uuid
  RETURNING h.run_id, h.step_id, h.reason),
answer AS (
  INSERT INTO holdfast.releases AS r (run_id, step_id, reason, released_at)
  SELECT run_id, step_id, reason, clock_timestamp() FROM gone WHERE step_id IS NOT NULL
  ON CONFLICT (run_id, step_id) DO UPDATE SET reason = excluded.reason, released_at = excluded.released_at),
requests AS (
  UPDATE holdfast.receipts r SET accepted_at = now() FROM gone
   WHERE gone.reason = 'unknown_effect' AND r.run_id = gone.run_id AND r.step_id = gone.step_id
     AND r.state IN ('sent', 'answered') AND r.accepted_at IS NULL),
drifts AS (
  UPDATE holdfast.drifts d SET accepted_at = now() FROM gone
   WHERE gone.reason = 'drift' AND d.run_id = gone.run_id AND d.step_id = gone.step_id AND d.outcome = 'held'),
executions AS (
  UPDATE holdfast.compensations c SET accepted = c.executions FROM gone
   WHERE gone.reason = 'unknown_effect' AND c.run_id = gone.run_id AND c.step_id = gone.step_id)
SELECT queue_name AS lane FROM released`;

/** Tells whether somebody has released the run from this step, at which it was held for `reason`. */
export async function wasReleased(db: Knex, runId: string, stepId: number, reason: Hold['reason']): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    'SELECT FROM holdfast.releases WHERE run_id = :runId AND step_id = :stepId AND reason = :reason',
    { runId, stepId, reason },
  );
  return rows.length > 0;
}

/** Removes rows of runs that are not held any more because somebody cancelled them, or their time was up. */
export async function deleteLeftoverHolds(db: Knex): Promise<void> {
  await db.raw(
    `DELETE FROM holdfast.held_runs h
      WHERE NOT EXISTS (SELECT FROM dbos.workflow_status w
                         WHERE w.workflow_uuid = h.run_id AND w.status = 'DELAYED' AND w.owner_xid = 'held')
        AND h.held_at < now() - interval '1 minute'`,
  );
}

/** Removes the rows of a run that was cancelled, and of the runs below it that were cancelled with it. */
export async function deleteHoldsOfCancelled(db: Knex, runId: string): Promise<void> {
  await db.raw(
    `WITH RECURSIVE family AS (
       SELECT :runId::text AS id
       UNION
       SELECT w.workflow_uuid FROM dbos.workflow_status w JOIN family ON w.parent_workflow_id = family.id)
     DELETE FROM holdfast.held_runs h USING family, dbos.workflow_status w
      WHERE h.run_id = family.id AND w.workflow_uuid = family.id AND w.status = 'CANCELLED'`,
    { runId },
  );
}
