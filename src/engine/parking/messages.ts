// Messages for runs: whether there is one, and taking it together with the checkpoint of the step that waited for it.

import errors from '@dbos-inc/dbos-sdk/internal/error';
import type { Pool } from 'pg';
import { Coalesced } from '../history/coalesce.ts';

interface Place {
  runId: string;
  topic: string;
}

/** The step that receives. */
export interface Receipt extends Place {
  stepId: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
  /** Of the execution. */
  token: string;
  /** Whether the time is up: then no message is an outcome, too. */
  isOver: boolean;
}

/** A message in the form in which it is recorded; both null when none came in time. */
export interface Received {
  message: string | null;
  serialization: string | null;
}

interface ReceivedRow extends Received {
  status: string;
  is_recorded: boolean;
  is_outrun: boolean;
  token: string | null;
}

/** SQLSTATE of a row that is there already. */
const UNIQUE_VIOLATION = '23505';

/** Reads and takes messages. */
export class Messages {
  readonly #pool: Pool;
  readonly #application: string | undefined;
  readonly #waiting: Coalesced<Place, boolean>;

  constructor(pool: Pool, application: string | undefined) {
    this.#pool = pool;
    this.#application = application;
    this.#waiting = new Coalesced((places) => waitingIn(pool, places));
  }

  /** Tells whether a message waits for the run. */
  isWaiting(runId: string, topic: string): Promise<boolean> {
    return this.#waiting.answer({ runId, topic });
  }

  /**
   * Takes the oldest message and records it as the outcome of the step; when there is none, and the time is up, it records that.
   * Repeated, it returns the same. Resolves to undefined, with nothing recorded, while there is nothing to record.
   * @throws the SDK's DBOSWorkflowCancelledError, or DBOSWorkflowConflictError when another execution has the run
   */
  async take(receipt: Receipt): Promise<Received | undefined> {
    for (;;) {
      const row = await this.#attempt(receipt);
      if (row?.status === 'CANCELLED') throw new errors.DBOSWorkflowCancelledError(receipt.runId);
      if (row?.token !== receipt.token) throw new errors.DBOSWorkflowConflictError(receipt.runId);
      if (row.is_recorded) return { message: row.message, serialization: row.serialization };
      if (!row.is_outrun) return undefined;
    }
  }

  async #attempt({
    runId,
    topic,
    stepId,
    token,
    startedAt,
    endedAt,
    isOver,
  }: Receipt): Promise<ReceivedRow | undefined> {
    for (;;) {
      try {
        const { rows } = await this.#pool.query<ReceivedRow>({
          name: 'holdfast_receive',
          text: RECEIVE,
          values: [runId, topic, stepId, token, startedAt, endedAt, this.#application ?? null, isOver],
        });
        return rows[0];
      } catch (error) {
        // An earlier attempt was recorded while this one waited for the run's lock. The next one sees that.
        if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
      }
    }
  }
}

async function waitingIn(pool: Pool, places: Place[]): Promise<boolean[]> {
  const { rows } = await pool.query<{ n: string }>({
    name: 'holdfast_messages_waiting',
    text: `SELECT r.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS r(run_id, topic, n)
            WHERE EXISTS (SELECT FROM dbos.notifications m
                           WHERE m.destination_uuid = r.run_id AND m.topic = r.topic AND NOT m.consumed)`,
    values: [places.map(({ runId }) => runId), places.map(({ topic }) => topic)],
  });
  const waiting = new Set(rows.map((row) => Number(row.n) - 1));
  return places.map((_, index) => waiting.has(index));
}

/**
 * Where the answer to an earlier attempt was lost, the step is recorded already, and no second message is taken. While the statement
 * waited for the run's lock, another step may have taken the message that it sees: outrun, it says so and changes nothing, and has to
 * be repeated to see the next message.
 */
const RECEIVE = `
WITH owned AS MATERIALIZED (
  SELECT status, owner_xid FROM dbos.workflow_status WHERE workflow_uuid = $1 FOR NO KEY UPDATE),
recorded AS MATERIALIZED (
  SELECT output, serialization FROM dbos.operation_outputs WHERE workflow_uuid = $1 AND function_id = $3),
oldest AS MATERIALIZED (
  SELECT message_uuid FROM dbos.notifications, owned
   WHERE owner_xid = $4 AND destination_uuid = $1 AND topic = $2 AND NOT consumed
     AND NOT EXISTS (SELECT FROM recorded)
   ORDER BY created_at_epoch_ms LIMIT 1),
taken AS (
  UPDATE dbos.notifications n SET consumed = TRUE, consumed_by_function_id = $3
    FROM oldest WHERE n.message_uuid = oldest.message_uuid AND NOT n.consumed
  RETURNING n.message, n.serialization),
written AS (
  INSERT INTO dbos.operation_outputs
         (workflow_uuid, function_id, output, function_name, started_at_epoch_ms, completed_at_epoch_ms, serialization,
          application_name, retention_timestamp)
  SELECT $1, $3::int, taken.message, 'DBOS.recv', $5::bigint, $6::bigint, taken.serialization, $7::text,
         (EXTRACT(EPOCH FROM now()) * 1000)::bigint
    FROM owned LEFT JOIN taken ON TRUE
   WHERE owned.owner_xid = $4 AND NOT EXISTS (SELECT FROM recorded)
     AND (EXISTS (SELECT FROM taken) OR ($8 AND NOT EXISTS (SELECT FROM oldest)))
  RETURNING output, serialization)
SELECT owned.status, owned.owner_xid AS token, COALESCE(written.output, recorded.output) AS message,
       COALESCE(written.serialization, recorded.serialization) AS serialization,
       EXISTS (SELECT FROM written) OR EXISTS (SELECT FROM recorded) AS is_recorded,
       EXISTS (SELECT FROM oldest) AND NOT EXISTS (SELECT FROM taken) AS is_outrun
  FROM owned LEFT JOIN written ON TRUE LEFT JOIN recorded ON TRUE`;
