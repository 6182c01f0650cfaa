// How runs ended, asked for by whoever waited for them: one query for all that ended at about the same time.

import type { Pool } from 'pg';
import { RecordedError } from '../../core/recorded-error.ts';
import type { Result } from '../override.ts';
import { Coalesced } from './coalesce.ts';

/** What the SDK makes a result, or an error, of. */
export type RecordedOutcome = NonNullable<Awaited<Result<'awaitWorkflowResult'>>>;

interface OutcomeRow {
  run_id: string;
  status: string;
  output: string | null;
  error: string | null;
  serialization: string | null;
}

/** Reads outcomes of runs that were started: where there is none, it was removed since. */
export class RecordedOutcomes {
  readonly #outcomes: Coalesced<string, RecordedOutcome | 'removed' | undefined>;
  /** Of runs that ended here a moment ago: whoever waits for them in this process asks now. */
  readonly #fresh = new Map<string, RecordedOutcome>();

  constructor(pool: Pool) {
    this.#outcomes = new Coalesced((runIds) => outcomesOf(pool, runIds));
  }

  /** Returns how the run ended, or undefined while it has not. @throws RecordedError `run_removed` when there is none any more */
  async find(runId: string): Promise<RecordedOutcome | undefined> {
    const outcome = this.#fresh.get(runId) ?? (await this.#outcomes.answer(runId));
    if (outcome !== 'removed') return outcome;
    const message = `Run '${runId}' was removed, and nobody knows how it ended.`;
    throw new RecordedError({ code: 'run_removed', message, retryable: false });
  }

  /** The run has just ended like this. That is known for the rest of this turn of the event loop and the next one. */
  justRecorded(runId: string, outcome: RecordedOutcome): void {
    if (this.#fresh.size === 0) setImmediate(() => setImmediate(() => this.#fresh.clear()));
    this.#fresh.set(runId, outcome);
  }
}

async function outcomesOf(pool: Pool, runIds: string[]): Promise<(RecordedOutcome | 'removed' | undefined)[]> {
  const { rows } = await pool.query<OutcomeRow>({
    name: 'holdfast_outcomes',
    text: `SELECT w.workflow_uuid AS run_id, w.status, COALESCE(o.output, w.output) AS output, COALESCE(o.error, w.error) AS error,
                  w.serialization
             FROM dbos.workflow_status w LEFT JOIN dbos.workflow_output o ON o.workflow_uuid = w.workflow_uuid
            WHERE w.workflow_uuid = ANY($1::text[])`,
    values: [runIds],
  });
  const outcomes = new Map(rows.map((row) => [row.run_id, outcomeOf(row)]));
  return runIds.map((runId) => (outcomes.has(runId) ? outcomes.get(runId) : 'removed'));
}

function outcomeOf({ status, output, error, serialization }: OutcomeRow): RecordedOutcome | undefined {
  if (status === 'SUCCESS') return { output, serialization };
  if (status === 'ERROR') return { error, serialization };
  if (status === 'CANCELLED') return { cancelled: true };
  if (status === 'MAX_RECOVERY_ATTEMPTS_EXCEEDED') return { maxRecoveryAttemptsExceeded: true };
  return undefined;
}
