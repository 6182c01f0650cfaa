// The checkpoint of a step: one row of dbos.operation_outputs, written only while the run belongs to the execution that writes it.

import errors from '@dbos-inc/dbos-sdk/internal/error';
import type { Pool, QueryConfig } from 'pg';
import { type Settlement, settlementsJson, settling } from '../../store/model-calls.ts';
import { GroupCommit } from './group-commit.ts';

export interface StepCheckpoint {
  runId: string;
  stepId: number;
  name: string;
  /** Milliseconds since 1970. A repeated write of the same checkpoint has the same end, which is how it is recognised. */
  startedAt: number;
  endedAt: number;
  output: string | null;
  error: string | null;
  serialization: string | null;
  childRunId: string | null;
  /** Calls of models that the step made; they are settled in the same commit. */
  settlements?: readonly Settlement[] | undefined;
  /** Of the execution. */
  token: string;
}

/** What the database found where it did not just write: whose the run is, and when the step that is recorded now had ended. */
interface Verdict {
  status: string;
  token: string | null;
  ended_at: string | null;
}

type Answer = 'written' | Verdict | 'missing';

const UNIQUE_VIOLATION = '23505';

/** Writes checkpoints in groups. */
export class StepCheckpoints {
  readonly #pool: Pool;
  readonly #application: string | null;
  readonly #group: GroupCommit<StepCheckpoint, Answer>;

  constructor(pool: Pool, application: string | undefined, isQuiet: () => boolean) {
    this.#pool = pool;
    this.#application = application ?? null;
    this.#group = new GroupCommit<StepCheckpoint, Answer>(
      {
        keyOf: ({ runId, stepId }) => `${stepId} ${runId}`,
        bytesOf: ({ output, error, settlements = [] }) =>
          (output?.length ?? 0) + (error?.length ?? 0) + 300 * (1 + settlements.length),
        writeMany: (items) => this.#writeMany(items),
        writeOne: async (item) => ((await this.#tryToWrite(item)) ? 'written' : this.#verdict(item)),
      },
      isQuiet,
    );
  }

  /**
   * Resolves when the checkpoint is committed; returns true when this very checkpoint is recorded, false when the step has another.
   * @throws the SDK's DBOSWorkflowCancelledError, or DBOSWorkflowConflictError when another execution has the run
   */
  async write(checkpoint: StepCheckpoint): Promise<boolean> {
    const answer = await this.#group.write(checkpoint);
    if (answer === 'written') return true;
    if (answer === 'missing' || answer.token !== checkpoint.token) {
      if (answer !== 'missing' && answer.status === 'CANCELLED') {
        throw new errors.DBOSWorkflowCancelledError(checkpoint.runId);
      }
      throw new errors.DBOSWorkflowConflictError(checkpoint.runId);
    }
    return Number(answer.ended_at) === checkpoint.endedAt;
  }

  async #writeMany(items: StepCheckpoint[]): Promise<('written' | undefined)[]> {
    const values = [JSON.stringify(items.map(requestOf)), this.#application];
    const settlements = items.flatMap((item) => item.settlements ?? []);
    const { rows } = await this.#pool.query<{ n: number }>(queryOf('many', values, settlements));
    const leftOut = new Set(rows.map(({ n }) => n));
    return items.map((_, n) => (leftOut.has(n) ? undefined : 'written'));
  }

  /** Writes it where the run is ours and the step is not recorded, as nearly always; the number of rows says as much, and costs least. */
  async #tryToWrite(item: StepCheckpoint): Promise<boolean> {
    const values = [...valuesOf(item), this.#application];
    try {
      const { rowCount } = await this.#pool.query(queryOf('one', values, item.settlements ?? []));
      return rowCount === 1;
    } catch (error) {
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return false;
      throw error;
    }
  }

  async #verdict(item: StepCheckpoint): Promise<Verdict | 'missing'> {
    const values = [...valuesOf(item), this.#application];
    const { rows } = await this.#pool.query<Verdict>(queryOf('verdict', values, item.settlements ?? []));
    return rows[0] ?? 'missing';
  }
}

function requestOf(item: StepCheckpoint, n: number): object {
  return {
    n,
    run_id: item.runId,
    step_id: item.stepId,
    name: item.name,
    started_at: item.startedAt,
    ended_at: item.endedAt,
    output: item.output,
    error: item.error,
    serialization: item.serialization,
    child_run_id: item.childRunId,
    token: item.token,
  };
}

function valuesOf(item: StepCheckpoint): (string | number | null)[] {
  const { runId, stepId, name, startedAt, endedAt, output, error, serialization, childRunId, token } = item;
  return [runId, stepId, name, startedAt, endedAt, output, error, serialization, childRunId, token];
}

function queryOf(
  kind: keyof typeof STATEMENTS,
  values: (string | number | null)[],
  settlements: readonly Settlement[],
): QueryConfig {
  if (settlements.length === 0) return { name: `holdfast_checkpoint_${kind}`, text: STATEMENTS[kind], values };
  return {
    name: `holdfast_checkpoint_${kind}_settling`,
    text: SETTLING_STATEMENTS[kind],
    values: [...values, JSON.stringify(settlementsJson(settlements))],
  };
}

const INTO = `
  INSERT INTO dbos.operation_outputs
         (workflow_uuid, function_id, output, error, function_name, child_workflow_id, started_at_epoch_ms, completed_at_epoch_ms,
          serialization, application_name, retention_timestamp)`;

/**
 * A group leaves out runs that are locked by somebody else, so it never waits and cannot deadlock. It takes for granted that no step of
 * it is recorded, which is cheaper than to ask; it fails when one is. The rows of the runs stay locked until the commit, so that nobody
 * can take a run away in between.
 */
function many(also = ''): string {
  return `
WITH request AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS r(n int, run_id text, step_id int, name text, started_at bigint, ended_at bigint,
                                                 output text, error text, serialization text, child_run_id text, token text)),
owned AS MATERIALIZED (
  SELECT workflow_uuid, owner_xid FROM dbos.workflow_status
   WHERE workflow_uuid = ANY (ARRAY(SELECT run_id FROM request))
   ORDER BY workflow_uuid FOR NO KEY UPDATE SKIP LOCKED),
written AS (${INTO}
  SELECT r.run_id, r.step_id, r.output, r.error, r.name, r.child_run_id, r.started_at, r.ended_at,
         r.serialization, $2::text, (EXTRACT(EPOCH FROM now()) * 1000)::bigint
    FROM request r JOIN owned ON owned.workflow_uuid = r.run_id AND owned.owner_xid = r.token)${also}
SELECT r.n
  FROM request r
 WHERE NOT EXISTS (SELECT FROM owned WHERE owned.workflow_uuid = r.run_id AND owned.owner_xid = r.token)`;
}

const GIVEN = `
  SELECT $1, $2::int, $6, $7, $3, $9, $4::bigint, $5::bigint, $8, $11, (EXTRACT(EPOCH FROM now()) * 1000)::bigint
    FROM owned WHERE owned.owner_xid = $10`;

/** One by itself waits for whoever has locked its run, and fails where the step is recorded. */
function one(also = ''): string {
  return `
WITH owned AS MATERIALIZED (
  SELECT owner_xid FROM dbos.workflow_status WHERE workflow_uuid = $1 FOR NO KEY UPDATE)${also}
${INTO}${GIVEN}`;
}

/** As `one`, but a step that is recorded already keeps what it has. */
function verdict(also = ''): string {
  return `
WITH owned AS MATERIALIZED (
  SELECT status, owner_xid FROM dbos.workflow_status WHERE workflow_uuid = $1 FOR NO KEY UPDATE),
written AS (${INTO}${GIVEN}
  ON CONFLICT (workflow_uuid, function_id) DO UPDATE SET completed_at_epoch_ms = operation_outputs.completed_at_epoch_ms
  RETURNING completed_at_epoch_ms)${also}
SELECT owned.status, owned.owner_xid AS token, (SELECT completed_at_epoch_ms FROM written) AS ended_at FROM owned`;
}

const STATEMENTS = { many: many(), one: one(), verdict: verdict() };

/** What models were called for is a fact, whoever has the run by now. */
const settled = (settlements: string): string => `,
settled AS (${settling(settlements)})`;

const SETTLING_STATEMENTS = {
  many: many(settled('$3::json')),
  one: one(settled('$12::json')),
  verdict: verdict(settled('$12::json')),
};
