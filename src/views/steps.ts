// Reads the timeline of a run from the view `holdfast.steps`.

import type { Knex } from 'knex';
import { CALLS_USAGE, type CallsUsage } from './usage.ts';

/** One step in a run's timeline. Times are ISO 8601 with milliseconds, UTC. */
export interface Step {
  stepId: number;
  name: string;
  kind: 'step' | 'child' | 'result' | 'timer' | 'message' | 'progress' | 'value';
  status: 'succeeded' | 'failed' | 'retrying';
  attempts: number;
  startedAt: string | null;
  endedAt: string | null;
  durationMs: number | null;
  output: unknown;
  error: { code: string; message: string; details?: unknown } | null;
  childRunId: string | null;
  /** Of a model call of an agent whose code has come to ask otherwise since: what it met last. */
  drift: StepDrift | null;
  /** Of the calls of models that it made, in all of its attempts; null without any. */
  usage: CallsUsage | null;
}

/** How the code would ask a model that was asked at a step. */
export interface StepDrift {
  /** What is not the same; `name` is that of a tool. What was not there, or is not there any more, is null. */
  changed: { part: string; name?: string; recorded: string | null; present: string | null }[];
  policy: 'accept' | 'warn' | 'hold' | 'rerun';
  outcome: 'went_on' | 'held' | 'asked_again';
  noticedAt: string;
  /** When a person released the run that was held for it. */
  acceptedAt: string | null;
}

interface StepRow extends Omit<Step, 'startedAt' | 'endedAt'> {
  startedAt: Date | null;
  endedAt: Date | null;
}

/** Returns up to `limit` steps of the run, from step number `from` on, in the order in which the body called them. */
export async function listSteps(db: Knex, runId: string, from: number, limit: number): Promise<Step[]> {
  const { rows } = await db.raw<{ rows: StepRow[] }>(
    `SELECT step_id AS "stepId", name, kind, status, attempts, started_at AS "startedAt", ended_at AS "endedAt",
            duration_ms::float AS "durationMs", output, error, child_run_id AS "childRunId", drift, called.usage
       FROM holdfast.steps
       LEFT JOIN LATERAL (
         SELECT jsonb_build_object('changed', d.changed, 'policy', d.policy, 'outcome', d.outcome,
                                   'noticedAt', d.noticed_at, 'acceptedAt', d.accepted_at) AS drift
           FROM holdfast.drifts d
          WHERE d.run_id = steps.run_id AND d.step_id = steps.step_id
          ORDER BY d.noticed_at DESC LIMIT 1) AS drifted ON TRUE
       LEFT JOIN LATERAL (
         SELECT ${CALLS_USAGE} AS usage FROM holdfast.model_calls c
          WHERE c.run_id = steps.run_id AND c.step_id = steps.step_id) AS called ON TRUE
      WHERE run_id = :runId AND step_id >= :from
      ORDER BY step_id LIMIT :limit`,
    { runId, from, limit },
  );
  return rows.map((row) => ({
    ...row,
    startedAt: row.startedAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
    drift: row.drift && { ...row.drift, noticedAt: iso(row.drift.noticedAt), acceptedAt: iso(row.drift.acceptedAt) },
  }));
}

/** Returns a time that Postgres wrote into JSON in the one form in which we show times. */
function iso<T extends string | null>(time: T): T | string {
  return time === null ? time : new Date(time).toISOString();
}
