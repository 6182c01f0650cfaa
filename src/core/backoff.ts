// When a failed attempt is followed by another, and how long after: full jitter, and the provider's word first.

import { toMilliseconds, type Duration } from './duration.ts';
import { InvalidInput, RetryableError, TerminalError } from './errors.ts';
import type { WaitForRecovery } from './wait-for-recovery.ts';

/** How a step or tool is retried. `attempts` counts the first one, so 1 means that nothing is retried. */
export interface RetryPolicy {
  attempts: number;
  /** No further attempt begins later than this after the first one began; by default only their number counts. */
  within?: Duration;
  backoff?: { initial?: Duration; factor?: number; max?: Duration; jitter?: 'full' | 'none' };
  /** Which errors another attempt may mend; by default all but `TerminalError` and `InvalidInput`. */
  retryOn?: (error: unknown) => boolean;
}

const DEFAULT_INITIAL_MS = 500;
const DEFAULT_FACTOR = 2;
const DEFAULT_MAX_MS = 60_000;

/**
 * Returns the milliseconds to wait before the attempt that follows attempt number `attempt` (1 is the first), or undefined
 * when there must be no further one. `random` is a number in [0, 1): with full jitter the wait is spread over the whole
 * interval, so that many callers that failed together do not return together. A `retryAfterMs` on the error is a lower bound. `elapsedMs`
 * have passed since the first attempt began.
 */
export function nextAttemptDelay(
  policy: RetryPolicy,
  attempt: number,
  error: unknown,
  random: number,
  elapsedMs = 0,
): number | undefined {
  if (attempt >= policy.attempts || !isRetryable(policy, error)) return undefined;
  const {
    initial = DEFAULT_INITIAL_MS,
    factor = DEFAULT_FACTOR,
    max = DEFAULT_MAX_MS,
    jitter = 'full',
  } = policy.backoff ?? {};
  const ceiling = Math.min(toMilliseconds(max), toMilliseconds(initial) * factor ** (attempt - 1));
  const wait = jitter === 'full' ? ceiling * random : ceiling;
  const asked = error instanceof RetryableError ? error.retryAfterMs || 0 : 0;
  const delay = Math.max(wait, asked);
  const isTooLate = policy.within !== undefined && elapsedMs + delay > toMilliseconds(policy.within);
  return isTooLate ? undefined : delay;
}

/** How long a step asks again whose endpoints are all left alone, where its policy does not say within which time it begins attempts. */
const PATIENCE: Duration = '5m';
/** Those who wait for the same endpoint come back spread over this time: one of them tries it, and the others would come for nothing. */
const SPREAD_MS = 2000;

/**
 * Returns the milliseconds to wait before the same attempt begins anew that failed with `error`, because nobody could be asked; undefined
 * when it counts as an attempt: its time is over, or the only attempt that there is was made. `random` and `elapsedMs` as above.
 */
export function recoveryDelay(
  policy: RetryPolicy,
  error: WaitForRecovery,
  random: number,
  elapsedMs: number,
): number | undefined {
  if ((error.wasAsked && policy.attempts === 1) || !isRetryable(policy, error)) return undefined;
  const delay = (error.retryAfterMs ?? 0) + random * SPREAD_MS;
  return elapsedMs + delay > toMilliseconds(policy.within ?? PATIENCE) ? undefined : delay;
}

function isRetryable(policy: RetryPolicy, error: unknown): boolean {
  if (error instanceof TerminalError || error instanceof InvalidInput) return false;
  return policy.retryOn?.(error) ?? true;
}
