// Waiting a while, without a timer that outlives its use.

import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after `ms` milliseconds. Rejects with the signal's reason as soon as `signal` is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
}
