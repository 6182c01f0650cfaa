// Waking a run whose rows have changed: a message that says nothing, left in the transaction that changes them.

import { DBOS } from '@dbos-inc/dbos-sdk';
import type { Knex } from 'knex';
import { isConnectionError } from '../core/connection-error.ts';
import { orHeld } from './unfit.ts';

/** Leaves a message on `topic` for the run, which wakes once `trx` has committed. */
export async function leaveWakeUp(trx: Knex.Transaction, runId: string, topic: string): Promise<void> {
  await trx.raw(
    `INSERT INTO dbos.notifications (destination_uuid, topic, message, serialization, message_uuid)
     VALUES (:runId, :topic, '{"json":{"body":null}}', NULL, gen_random_uuid()::text)`,
    { runId, topic },
  );
}

/**
 * Waits in a workflow's body for a message on `topic`, `timeoutMs` milliseconds at most. Whoever left it, and whatever is in it: the
 * caller looks at the rows.
 */
export async function awaitWakeUp(topic: string, timeoutMs: number): Promise<void> {
  try {
    await orHeld(() => DBOS.recv(topic, { timeoutSeconds: timeoutMs / 1000 }));
  } catch (error) {
    // A message that cannot be read was received all the same.
    if (error instanceof Error && ('dbosErrorCode' in error || isConnectionError(error))) throw error;
  }
}
