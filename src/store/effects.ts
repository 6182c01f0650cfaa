// The table of receipts: which requests that may change something outside were sent on behalf of a run, and what came back. A receipt
// notes a fact, so it is written whoever has the run by now.

import type { Knex } from 'knex';
import { storable } from '../lib/storable.ts';

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
 * Notes that the request is about to be sent; to be done again when the database's answer got lost. Notes nothing when another request has
 * had this key (`reused`), unless a person has mended the compensation that sent it, or when the call is being undone (`closed`). The lock
 * has whoever closes the call wait until the receipt is there.
 */
export async function noteSending(db: Knex, sending: Sending): Promise<'noted' | 'reused' | 'closed'> {
  const { rows } = await db.raw<{ rows: [{ result: 'noted' | 'reused' | 'closed' }] }>(
    `WITH call AS MATERIALIZED (
       SELECT state FROM holdfast.compensations WHERE run_id = :runId AND step_id = :stepId FOR SHARE),
     noted AS (
       INSERT INTO holdfast.receipts AS r (key, run_id, step_id, ordinal, tool, method, url, request_hash, sending_id)
       SELECT :key, :runId, :stepId::integer, :ordinal::integer, :tool, :method, :url, :requestHash, :id::uuid
        WHERE NOT EXISTS (SELECT FROM call WHERE state NOT IN ('armed', 'kept'))
       ON CONFLICT (key) DO UPDATE
          SET state = 'sent', sent_at = now(), accepted_at = NULL, sending_id = excluded.sending_id,
              method = excluded.method, url = excluded.url, request_hash = excluded.request_hash,
              attempts = CASE WHEN r.sending_id = excluded.sending_id THEN r.attempts ELSE r.attempts + 1 END,
              state_before = CASE WHEN r.sending_id = excluded.sending_id THEN r.state_before ELSE r.state END
        WHERE r.request_hash = excluded.request_hash
           OR EXISTS (SELECT FROM holdfast.releases l
                       WHERE l.run_id = :runId AND l.reason = 'compensation_failed' AND l.released_at > r.sent_at)
       RETURNING key)
     SELECT CASE WHEN EXISTS (SELECT FROM call WHERE state NOT IN ('armed', 'kept')) THEN 'closed'
                 WHEN EXISTS (SELECT FROM noted) THEN 'noted'
                 ELSE 'reused' END AS result`,
    { ...sending, tool: storable(sending.tool) },
  );
  return rows[0].result;
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
 * Tells whether the step has done what nobody knows the result of, but for what was accepted. A gateway that answers in place of the server
 * says nothing of what that has done (502 and 504, RFC 9110). Before a body of it runs again in another execution there is more that may
 * have been done: a request that was answered with success, because the process died before it could record what the body made of that;
 * and, where no request is known of at all, whatever an execution did that died in the call, with another client than ours.
 */
export async function hasUnknown(db: Knex, runId: string, stepId: number, isNewExecution: boolean): Promise<boolean> {
  const { rows } = await db.raw<{ rows: [{ isUnknown: boolean }] }>(
    `SELECT COALESCE(
              (SELECT bool_or(accepted_at IS NULL
                              AND (state = 'sent' OR state = 'answered' AND status IN (502, 504)
                                   OR :isNewExecution AND state = 'answered' AND status < 400))
                 FROM holdfast.receipts WHERE run_id = :runId AND step_id = :stepId),
              (SELECT :isNewExecution AND executions > accepted
                 FROM holdfast.compensations WHERE run_id = :runId AND step_id = :stepId),
              FALSE) AS "isUnknown"`,
    { runId, stepId, isNewExecution },
  );
  return rows[0].isUnknown;
}

/** Notes that it was found out what became of the step's requests: the other side knows a result of theirs. */
export async function noteFound(db: Knex, runId: string, stepId: number): Promise<void> {
  await db.raw(
    `UPDATE holdfast.receipts SET accepted_at = now()
      WHERE run_id = :runId AND step_id = :stepId AND accepted_at IS NULL
        AND (state = 'sent' OR state = 'answered' AND status IN (502, 504))`,
    { runId, stepId },
  );
}
