// Values of a run's streams: one statement for the value and for the checkpoint of the step that writes it.

import errors from '@dbos-inc/dbos-sdk/internal/error';
import type { Pool } from 'pg';
import { pause } from '../../lib/pause.ts';

export interface StreamValue {
  runId: string;
  key: string;
  value: string;
  serialization: string | null;
  /** The step that writes, or in whose body it is written. */
  stepId: number;
  /** Of the execution. */
  token: string;
}

/** The step that a workflow's body writes a value with. */
export interface StreamStep {
  name: string;
  serialization: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
}

interface Verdict {
  status: string;
  token: string | null;
}

/** SQLSTATE: two writers took the same place in the stream. */
const UNIQUE_VIOLATION = '23505';
const RETRY_MS = 20;

/** Writes values. */
export class StreamValues {
  readonly #pool: Pool;
  readonly #application: string | undefined;

  constructor(pool: Pool, application: string | undefined) {
    this.#pool = pool;
    this.#application = application;
  }

  /**
   * Appends a value to a stream, and records the step that does so where it is one; a step that is recorded already appends nothing.
   * @throws the SDK's DBOSWorkflowCancelledError, or DBOSWorkflowConflictError when another execution has the run
   */
  async append(value: StreamValue, step?: StreamStep): Promise<void> {
    const { runId, token } = value;
    const verdict = await this.#write(value, step);
    if (verdict?.status === 'CANCELLED') throw new errors.DBOSWorkflowCancelledError(runId);
    if (verdict?.token !== token) throw new errors.DBOSWorkflowConflictError(runId);
  }

  async #write(value: StreamValue, step: StreamStep | undefined): Promise<Verdict | undefined> {
    const { runId, key, stepId, token } = value;
    const common = [runId, key, value.value, value.serialization, stepId, token];
    const extra = step && [step.name, step.startedAt, step.endedAt, step.serialization, this.#application ?? null];
    const query = step
      ? { name: 'holdfast_stream_step', text: APPEND_AS_STEP, values: [...common, ...extra!] }
      : { name: 'holdfast_stream', text: APPEND, values: common };
    for (;;) {
      try {
        const { rows } = await this.#pool.query<Verdict>(query);
        return rows[0];
      } catch (error) {
        if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
        await pause(RETRY_MS * Math.random());
      }
    }
  }
}

const OWNED = `
owned AS MATERIALIZED (
  SELECT status, owner_xid FROM dbos.workflow_status WHERE workflow_uuid = $1 FOR NO KEY UPDATE)`;

const PLACE = `SELECT COALESCE(max("offset"), -1) + 1 FROM dbos.streams WHERE workflow_uuid = $1 AND key = $2`;

const APPEND = `
WITH ${OWNED},
appended AS (
  INSERT INTO dbos.streams (workflow_uuid, key, value, serialization, function_id, "offset")
  SELECT $1, $2, $3, $4, $5::int, (${PLACE}) FROM owned WHERE owner_xid = $6)
SELECT status, owner_xid AS token FROM owned`;

const APPEND_AS_STEP = `
WITH ${OWNED},
written AS (
  INSERT INTO dbos.operation_outputs
         (workflow_uuid, function_id, function_name, started_at_epoch_ms, completed_at_epoch_ms, serialization, application_name,
          retention_timestamp)
  SELECT $1, $5::int, $7, $8::bigint, $9::bigint, $10, $11::text, (EXTRACT(EPOCH FROM now()) * 1000)::bigint
    FROM owned WHERE owner_xid = $6
  ON CONFLICT (workflow_uuid, function_id) DO NOTHING
  RETURNING 1),
appended AS (
  INSERT INTO dbos.streams (workflow_uuid, key, value, serialization, function_id, "offset")
  SELECT $1, $2, $3, $4, $5::int, (${PLACE}) FROM written)
SELECT status, owner_xid AS token FROM owned`;
