// Recorded outcomes of a run that is taken up again: loaded in pages for many runs at once, instead of one by one before each step.

import type { Pool } from 'pg';
import { Coalesced } from './coalesce.ts';
import type { Execution, RecordedStep } from './execution.ts';

const PAGE_STEPS = 200;
const PAGE_BYTES = 8_000_000;

interface PageRequest {
  runId: string;
  /** The page begins after this step. */
  after: number;
}

interface PageRow {
  run_id: string;
  step_id: number;
  output: string | null;
  error: string | null;
  child_run_id: string | null;
  name: string;
  serialization: string | null;
  /** Whether the page holds all that is recorded after its beginning. */
  is_last: boolean;
}

/** Loads histories. */
export class RecordedSteps {
  readonly #pages: Coalesced<PageRequest, PageRow[]>;
  readonly #loading = new WeakMap<Execution, Promise<void>>();

  constructor(pool: Pool) {
    this.#pages = new Coalesced((requests) => loadPages(pool, requests));
  }

  /**
   * Returns the recorded outcome of a step, or undefined when there is none; `unknown` when it was given up again to save memory,
   * so that the caller has to look it up.
   */
  async find(execution: Execution, stepId: number): Promise<RecordedStep | 'unknown' | undefined> {
    while (stepId > execution.loadedTo) await this.#nextPage(execution);
    if (stepId < execution.keptFrom) return 'unknown';
    return execution.recorded.get(stepId);
  }

  /** Branches of a run that want the same page wait for it together. */
  #nextPage(execution: Execution): Promise<void> {
    const underWay = this.#loading.get(execution);
    if (underWay) return underWay;
    const loading = this.#loadPage(execution).finally(() => this.#loading.delete(execution));
    this.#loading.set(execution, loading);
    return loading;
  }

  async #loadPage(execution: Execution): Promise<void> {
    const after = execution.loadedTo;
    const rows = await this.#pages.answer({ runId: execution.runId, after: Math.max(after, -1) });
    for (const id of execution.recorded.keys()) {
      if (id > after) continue;
      execution.recorded.delete(id);
      execution.keptFrom = Math.max(execution.keptFrom, id + 1);
    }
    for (const row of rows) execution.recorded.set(row.step_id, recordedStep(row));
    const last = rows.at(-1);
    execution.loadedTo = last && !last.is_last ? last.step_id : Infinity;
  }
}

function recordedStep(row: PageRow): RecordedStep {
  return {
    output: row.output,
    error: row.error,
    childWorkflowID: row.child_run_id,
    functionName: row.name,
    serialization: row.serialization,
  };
}

async function loadPages(pool: Pool, requests: PageRequest[]): Promise<PageRow[][]> {
  const { rows } = await pool.query<PageRow>({
    name: 'holdfast_recorded_steps',
    text: `SELECT request.run_id, kept.step_id, kept.output, kept.error, kept.child_run_id, kept.name, kept.serialization, kept.is_last
             FROM unnest($1::text[], $2::int[]) AS request(run_id, after)
             JOIN LATERAL (
               SELECT step.*, row_number() OVER later = 1 AND step.count < ${PAGE_STEPS} AS is_last
                 FROM (
                   SELECT page.*, count(*) OVER () AS count,
                          sum(bytes) OVER (ORDER BY step_id) - bytes AS bytes_before
                     FROM (
                       SELECT function_id AS step_id, output, error, child_workflow_id AS child_run_id, function_name AS name, serialization,
                              COALESCE(octet_length(output), 0) + COALESCE(octet_length(error), 0) AS bytes
                         FROM dbos.operation_outputs
                        WHERE workflow_uuid = request.run_id AND function_id > request.after
                        ORDER BY function_id LIMIT ${PAGE_STEPS}) AS page) AS step
               WINDOW later AS (ORDER BY step_id DESC)) AS kept ON kept.bytes_before < ${PAGE_BYTES}
            ORDER BY request.run_id, kept.step_id`,
    values: [requests.map(({ runId }) => runId), requests.map(({ after }) => after)],
  });
  const pages = Map.groupBy(rows, (row) => row.run_id);
  return requests.map(({ runId }) => pages.get(runId) ?? []);
}
