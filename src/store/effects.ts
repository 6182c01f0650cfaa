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
 * Tells whether the step has done what nobody knows the result of, but for what was accepted. Before a body of it runs again that may be a
 * request that was answered with success, too: the process died before it could record what the body made of the answer.
 */
export async function hasUnknown(db: Knex, runId: string, stepId: number, orAnswered: boolean): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM holdfast.receipts
      WHERE run_id = :runId AND step_id = :stepId AND accepted_at IS NULL
        AND (state = 'sent' OR :orAnswered AND state = 'answered' AND status < 400)
      LIMIT 1`,
    { runId, stepId, orAnswered },
  );
  return rows.length > 0;
}

/**
 * Notes that the step's requests may be sent again once the run is released, though nobody knows what became of them. Only while the run
 * is held: a process that lost it meanwhile has asked nobody.
 */
export async function acceptOnceReleased(db: Knex, runId: string, stepId: number): Promise<void> {
  await db.raw(
    `UPDATE holdfast.receipts SET accepted_at = now()
      WHERE run_id = :runId AND step_id = :stepId AND state IN ('sent', 'answered') AND accepted_at IS NULL
        AND EXISTS (SELECT FROM dbos.workflow_status
                     WHERE workflow_uuid = :runId AND status = 'DELAYED' AND owner_xid = 'held')`,
    { runId, stepId },
  );
}
