// Statements of the engine are repeated until the database is there to answer them: an outage is a pause, never an outcome.

import { withDbRetry } from '@dbos-inc/dbos-sdk/internal/system_database';
import { isConnectionError } from '../core/connection-error.ts';
import { pause } from '../lib/pause.ts';

const RETRY_MS = 500;
const CLOSED = /after calling end on the pool/;

/**
 * Returns what `operation` returns; it may be done more than once. The SDK repeats it after the errors that it knows; connections that
 * are open and dead, whose queries only time out, are none of these.
 */
export async function retried<T>(operation: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await withDbRetry(operation);
    } catch (error) {
      if (!isConnectionError(error) || CLOSED.test((error as Error).message)) throw error;
    }
    await pause(RETRY_MS * (0.5 + Math.random()));
  }
}
