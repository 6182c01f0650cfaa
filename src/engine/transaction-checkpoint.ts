// The checkpoint of a transaction: a row that commits together with what the transaction wrote.

import errors from '@dbos-inc/dbos-sdk/internal/error';
import serialization from '@dbos-inc/dbos-sdk/internal/serialization';
import {
  assertStillOwnsWorkflow,
  DBOSStepAlreadyRecordedError,
  replayRecordedStep,
} from '@dbos-inc/dbos-sdk/datasource';
import type { Knex } from 'knex';
import { SuperJSON } from 'superjson';
import type { Execution } from './history/execution.ts';

/** The step of a run that a transaction is. */
export interface TransactionStep {
  runId: string;
  stepId: number;
  name: string;
  /** Milliseconds since 1970. */
  startedAt: number;
}

/** A result that was recorded by an attempt whose answer was lost, or by an execution that died before it could say so. */
export type RecordedResult = { value: unknown } | undefined;

export interface TransactionCheckpoint {
  /** Looks for the result of an earlier attempt; `isRetry` when there was one in this execution. Throws a recorded error. */
  find(isRetry: boolean): Promise<RecordedResult>;
  /**
   * Records `result` in `transaction`. @throws the SDK's DBOSWorkflowConflictError when another execution has the run, and
   * DBOSStepAlreadyRecordedError when there is a result already
   */
  write(transaction: Knex.Transaction, result: unknown): Promise<void>;
  /** The transaction has committed. */
  committed(): void;
}

/** The SDK's way: a row of its own, from which the step's row is made after the commit. The run's owner is looked up beside it. */
export function separateCheckpoint(
  db: Knex,
  { runId, stepId }: TransactionStep,
  onWrite: () => void,
): TransactionCheckpoint {
  return {
    find: () => findSeparate(db, runId, stepId),
    async write(transaction, result) {
      onWrite();
      const { rowCount } = await transaction.raw<{ rowCount: number }>(
        `INSERT INTO dbos.transaction_completion (workflow_id, function_num, output) VALUES (:runId, :stepId, :output)
         ON CONFLICT (workflow_id, function_num) DO NOTHING`,
        { runId, stepId, output: SuperJSON.stringify(result) },
      );
      if (rowCount === 0) throw new DBOSStepAlreadyRecordedError(runId, stepId);
      await assertStillOwnsWorkflow(runId);
    },
    committed() {},
  };
}

/** Our way: the step's own row, written in the transaction and only while the run is ours. Nothing is left to be done after the commit. */
export function stepCheckpoint(
  db: Knex,
  execution: Execution,
  { runId, stepId, name, startedAt }: TransactionStep,
  application: string,
): TransactionCheckpoint {
  return {
    async find(isRetry) {
      const recorded = isRetry ? await findStep(db, runId, stepId) : undefined;
      if (recorded) execution.committed.add(stepId);
      // An execution before this one may have recorded it in the SDK's way.
      return recorded ?? (execution.isNew ? undefined : findSeparate(db, runId, stepId));
    },
    async write(transaction, result) {
      const { rows } = await transaction.raw<{ rows: { token: string | null; written: number }[] }>(WRITE, {
        runId,
        stepId,
        name,
        startedAt,
        endedAt: Date.now(),
        output: serialization.DBOSJSON.stringify(result),
        token: execution.token,
        application,
      });
      if (rows[0]?.token !== execution.token) throw new errors.DBOSWorkflowConflictError(runId);
      if (rows[0].written === 0) throw new DBOSStepAlreadyRecordedError(runId, stepId);
    },
    committed() {
      execution.committed.add(stepId);
    },
  };
}

/**
 * The run's row stays locked until the commit, so that nobody can take the run away in between. A process that is stopped before it
 * can commit gives it back after as long as a lease lasts.
 */
const WRITE = `
WITH owned AS MATERIALIZED (
  SELECT owner_xid FROM dbos.workflow_status WHERE workflow_uuid = :runId FOR NO KEY UPDATE),
written AS (
  INSERT INTO dbos.operation_outputs
         (workflow_uuid, function_id, output, function_name, started_at_epoch_ms, completed_at_epoch_ms, application_name,
          retention_timestamp)
  SELECT :runId, :stepId, :output, :name, :startedAt, :endedAt, :application, (EXTRACT(EPOCH FROM now()) * 1000)::bigint
    FROM owned WHERE owner_xid = :token
  ON CONFLICT (workflow_uuid, function_id) DO NOTHING
  RETURNING 1)
SELECT owner_xid AS token, (SELECT count(*)::int FROM written) AS written,
       set_config('idle_in_transaction_session_timeout', '5s', TRUE)
  FROM owned`;

async function findStep(db: Knex, runId: string, stepId: number): Promise<RecordedResult> {
  const { rows } = await db.raw<{ rows: { output: string | null }[] }>(
    'SELECT output FROM dbos.operation_outputs WHERE workflow_uuid = :runId AND function_id = :stepId AND error IS NULL',
    { runId, stepId },
  );
  return rows[0] && { value: serialization.DBOSJSON.parse(rows[0].output) };
}

async function findSeparate(db: Knex, runId: string, stepId: number): Promise<RecordedResult> {
  const { rows } = await db.raw<{ rows: { output: string | null; error: string | null }[] }>(
    'SELECT output, error FROM dbos.transaction_completion WHERE workflow_id = :runId AND function_num = :stepId',
    { runId, stepId },
  );
  return rows[0] && { value: replayRecordedStep(rows[0]) };
}
