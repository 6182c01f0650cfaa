// Waiting a while, without a timer that outlives its use.

import { startTimer } from './timer.ts';

/** Resolves after `ms` milliseconds, however many. Rejects with the signal's reason as soon as `signal` is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = startTimer(ms, resolve);
  const give = (): void => reject(signal?.reason as Error);
  signal?.addEventListener('abort', give, { once: true });
  try {
    await promise;
  } finally {
    stop();
    signal?.removeEventListener('abort', give);
  }
}
