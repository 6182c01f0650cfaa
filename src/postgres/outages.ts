// Statements are repeated until the database is there to answer them: an outage is a pause, never an outcome.

import { isConnectionError } from '../core/connection-error.ts';
import { pause } from '../lib/pause.ts';

const RETRY_MS = 500;
/** What pg and Knex say once their pools were told to end. */
const CLOSED = /after calling end on the pool|unable to acquire a connection/i;

/**
 * Returns what `statement` returns; it may be done more than once. Rejects with the signal's reason when `signal` is aborted during an
 * outage, and with the error of a pool that was closed.
 */
export async function throughOutages<T>(statement: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await statement();
    } catch (error) {
      if (!isConnectionError(error) || CLOSED.test((error as Error).message)) throw error;
    }
    await pause(RETRY_MS * (0.5 + Math.random()), signal);
  }
}
