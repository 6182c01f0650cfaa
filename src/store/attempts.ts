// The table of failed attempts: what a step's timeline shows beside its recorded outcome. Nothing is decided by it.

import type { Knex } from 'knex';
import { storable } from '../lib/storable.ts';

export interface FailedAttempt {
  runId: string;
  stepId: number;
  /** The step's name, for as long as no outcome is recorded under it. */
  step: string;
  attempt: number;
  startedAt: Date;
  code: string;
  message: string;
  /** Milliseconds until the next attempt, or null when there was none. */
  retryInMs: number | null;
}

/** Adds one failed attempt of a run that is running; nothing is recorded for one that was cancelled meanwhile. */
export async function insertAttempt(db: Knex, attempt: FailedAttempt): Promise<void> {
  await db.raw(
    `INSERT INTO holdfast.attempts (run_id, step_id, step, attempt, started_at, code, message, retry_in_ms)
     SELECT :runId, :stepId, :step, :attempt, :startedAt, :code, :message, :retryInMs
      WHERE EXISTS (SELECT FROM dbos.workflow_status WHERE workflow_uuid = :runId AND status = 'PENDING')`,
    { ...attempt, step: storable(attempt.step), code: storable(attempt.code), message: storable(attempt.message) },
  );
}
