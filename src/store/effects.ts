// The table of receipts: which requests that may change something outside were sent on behalf of a run, and what came back. A receipt
// notes a fact, so it is written whoever has the run by now.

import type { Knex } from 'knex';

/** What is known of one request of a tool, over all attempts to send it. Neither headers nor bodies are kept. */
export interface Receipt {
  runId: string;
  stepId: number;
  /** Counts the requests of one execution of the tool's body, from 1. */
  ordinal: number;
  key: string;
  tool: string;
  method: string;
  /** Without what may be secret in it. */
  url: string;
  requestHash: string;
  /** How often it was sent, or was to be sent. */
  attempts: number;
  /** The HTTP status of the last answer; null when there was none. */
  status: number | null;
  /** SHA-256 of the last answer's body in hexadecimal; null when that was not JSON, was long, or did not arrive whole. */
  responseHash: string | null;
  /** `sent`: nobody knows what became of the last attempt, unless it is still under way. `unsent`: no attempt ever left. */
  state: 'sent' | 'answered' | 'unsent';
  /** Of the last attempt, by the database's clock. */
  sentAt: Date;
  answeredAt: Date | null;
}

/** One attempt to send a request, as it is noted beforehand. */
export interface Sending {
  /** A UUID: names this attempt. */
  id: string;
  key: string;
  runId: string;
  stepId: number;
  ordinal: number;
  tool: string;
  method: string;
  url: string;
  requestHash: string;
}

/**
 * Notes that the request is about to be sent; to be done again when the database's answer got lost. Returns false, and notes nothing,
 * when another request has had this key.
 */
export async function noteSending(db: Knex, sending: Sending): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `INSERT INTO holdfast.receipts AS r (key, run_id, step_id, ordinal, tool, method, url, request_hash, sending_id)
     VALUES (:key, :runId, :stepId, :ordinal, :tool, :method, :url, :requestHash, :id)
     ON CONFLICT (key) DO UPDATE
        SET state = 'sent', sent_at = now(), accepted_at = NULL, sending_id = excluded.sending_id,
            attempts = CASE WHEN r.sending_id = excluded.sending_id THEN r.attempts ELSE r.attempts + 1 END,
            state_before = CASE WHEN r.sending_id = excluded.sending_id THEN r.state_before ELSE r.state END
      WHERE r.request_hash = excluded.request_hash`,
    { ...sending, tool: storable(sending.tool) },
  );
  return rowCount === 1;
}

/** Notes the answer to the sending. Returns false when the request was sent again meanwhile, or its run was removed. */
export async function noteAnswer(
  db: Knex,
  { key, id }: Pick<Sending, 'key' | 'id'>,
  status: number,
  responseHash: string | null,
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `UPDATE holdfast.receipts SET state = 'answered', status = :status, response_hash = :responseHash, answered_at = now()
      WHERE key = :key AND sending_id = :id`,
    { key, id, status, responseHash },
  );
  return rowCount === 1;
}

/**
 * Notes that the request certainly did not leave this time, so that what was known of it before holds again. Returns false when it
 * was sent again meanwhile, or its run was removed.
 */
export async function noteUnsent(db: Knex, { key, id }: Pick<Sending, 'key' | 'id'>): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `UPDATE holdfast.receipts SET state = COALESCE(state_before, 'unsent')
      WHERE key = :key AND sending_id = :id`,
    { key, id },
  );
  return rowCount === 1;
}

/**
 * Returns the requests of the step whose last attempt was sent and not answered, but for those that were accepted. As long as no body
 * of the step runs, nobody knows what became of these.
 */
export async function unansweredReceipts(db: Knex, runId: string, stepId: number): Promise<Receipt[]> {
  const { rows } = await db.raw<{ rows: Receipt[] }>(
    `SELECT run_id AS "runId", step_id AS "stepId", ordinal, key, tool, method, url, request_hash AS "requestHash", attempts, status,
            response_hash AS "responseHash", state, sent_at AS "sentAt", answered_at AS "answeredAt"
       FROM holdfast.receipts
      WHERE run_id = :runId AND step_id = :stepId AND state = 'sent' AND accepted_at IS NULL
      ORDER BY ordinal, key`,
    { runId, stepId },
  );
  return rows;
}

/** Notes that the step's unanswered requests may be sent again, though nobody knows what became of them. */
export async function acceptUnknown(db: Knex, runId: string, stepId: number): Promise<void> {
  await db.raw(
    `UPDATE holdfast.receipts SET accepted_at = now()
      WHERE run_id = :runId AND step_id = :stepId AND state = 'sent' AND accepted_at IS NULL`,
    { runId, stepId },
  );
}

/** Postgres' texts cannot hold U+0000. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
