// Statements of the engine are repeated until the database is there to answer them.

import { withDbRetry } from '@dbos-inc/dbos-sdk/internal/system_database';
import { throughOutages } from '../postgres/outages.ts';

/**
 * Returns what `operation` returns; it may be done more than once. The SDK repeats it after the errors that it knows; connections that
 * are open and dead, whose queries only time out, are none of these.
 */
export function retried<T>(operation: () => Promise<T>): Promise<T> {
  // What succeeds at once, as nearly all does, need not go through both of their loops.
  return operation().catch((error: unknown) => {
    let failed: Promise<T> | undefined = Promise.reject<T>(error);
    return throughOutages(() =>
      withDbRetry(() => {
        const attempt = failed ?? operation();
        failed = undefined;
        return attempt;
      }),
    );
  });
}
