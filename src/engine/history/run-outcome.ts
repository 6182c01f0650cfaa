// The end of a run: its status and its result or error in one statement, only while it belongs to the execution that ends it.

import type { Pool } from 'pg';
import { GroupCommit } from './group-commit.ts';

export interface RunOutcome {
  runId: string;
  status: 'SUCCESS' | 'ERROR';
  output: string | null;
  error: string | null;
  /** Of the execution. */
  token: string;
}

/** What is known of a run that has just ended. */
export interface RecordedEnd {
  parentRunId: string | null;
  /** How its result is written. */
  serialization: string | null;
}

/** Writes outcomes in groups. */
export class RunOutcomes {
  readonly #group: GroupCommit<RunOutcome, RecordedEnd | 'refused'>;

  constructor(pool: Pool) {
    const write = async (name: string, text: string, items: RunOutcome[]): Promise<Map<string, RecordedEnd>> => {
      const requests = items.map(({ runId, status, output, error, token }) => {
        return { run_id: runId, status, output, error, token };
      });
      const { rows } = await pool.query<{ run_id: string; parent_run_id: string | null; serialization: string | null }>(
        {
          name,
          text,
          values: [JSON.stringify(requests)],
        },
      );
      return new Map(
        rows.map((row) => [row.run_id, { parentRunId: row.parent_run_id, serialization: row.serialization }]),
      );
    };
    this.#group = new GroupCommit<RunOutcome, RecordedEnd | 'refused'>({
      keyOf: ({ runId }) => runId,
      bytesOf: ({ output, error }) => (output?.length ?? 0) + (error?.length ?? 0) + 200,
      writeMany: async (items) => {
        const ended = await write('holdfast_outcome_many', statement('SKIP LOCKED'), items);
        return items.map(({ runId }) => ended.get(runId));
      },
      writeOne: async (item) =>
        (await write('holdfast_outcome_one', statement(''), [item])).get(item.runId) ?? 'refused',
    });
  }

  /** Resolves after the commit; to undefined when the run is not this execution's to end (any more), and nothing was written. */
  async write(outcome: RunOutcome): Promise<RecordedEnd | undefined> {
    const end = await this.#group.write(outcome);
    return end === 'refused' ? undefined : end;
  }
}

/**
 * Of a row that is locked by its key nothing else is asked again: with old statistics Postgres might go through all runs of a status
 * for each row.
 */
function statement(locked: 'SKIP LOCKED' | ''): string {
  return `
WITH request AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS r(run_id text, status text, output text, error text, token text)),
owned AS MATERIALIZED (
  SELECT w.workflow_uuid, w.status, w.owner_xid FROM dbos.workflow_status w
   WHERE w.workflow_uuid = ANY (ARRAY(SELECT run_id FROM request))
   ORDER BY w.workflow_uuid FOR NO KEY UPDATE ${locked}),
ended AS (
  UPDATE dbos.workflow_status w
     SET status = r.status, owner_xid = NULL, deduplication_id = NULL,
         updated_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint, completed_at = (EXTRACT(EPOCH FROM now()) * 1000)::bigint
    FROM request r JOIN owned ON owned.workflow_uuid = r.run_id AND owned.owner_xid = r.token AND owned.status = 'PENDING'
   WHERE w.workflow_uuid = owned.workflow_uuid
  RETURNING w.workflow_uuid, w.parent_workflow_id, w.serialization),
kept AS (
  INSERT INTO dbos.workflow_output (workflow_uuid, output, error)
  SELECT r.run_id, r.output, r.error FROM request r JOIN ended ON ended.workflow_uuid = r.run_id
  ON CONFLICT (workflow_uuid) DO UPDATE SET output = EXCLUDED.output, error = EXCLUDED.error)
SELECT workflow_uuid AS run_id, parent_workflow_id AS parent_run_id, serialization FROM ended`;
}
