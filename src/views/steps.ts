// Reads the timeline of a run from the view `holdfast.steps`.

import type { Knex } from 'knex';

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
}

interface StepRow extends Omit<Step, 'startedAt' | 'endedAt'> {
  startedAt: Date | null;
  endedAt: Date | null;
}

/** Returns up to `limit` steps of the run, from step number `from` on, in the order in which the body called them. */
export async function listSteps(db: Knex, runId: string, from: number, limit: number): Promise<Step[]> {
  const { rows } = await db.raw<{ rows: StepRow[] }>(
    `SELECT step_id AS "stepId", name, kind, status, attempts, started_at AS "startedAt", ended_at AS "endedAt",
            duration_ms::float AS "durationMs", output, error, child_run_id AS "childRunId"
       FROM holdfast.steps WHERE run_id = :runId AND step_id >= :from ORDER BY step_id LIMIT :limit`,
    { runId, from, limit },
  );
  return rows.map((row) => ({
    ...row,
    startedAt: row.startedAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
  }));
}
