// The rate of an operation that many callers repeat, and how long it takes.

import { quantile } from '../measurement.ts';
import { until } from './observer.ts';
import type { Figures, Task } from './part.ts';

/** How long is measured at least, after a warm-up. */
const SECONDS = { full: 6, quick: 1 };
const WARM_UP_SECONDS = { full: 4, quick: 0.5 };
/** How often every caller has acted in that time, on average: what many callers do in step comes and goes in waves. */
const ROUNDS = { full: 3, quick: 1 };

/** One caller: does the same again and again, without end, and tells `onEnd` of each end. */
export type Caller = (onEnd: () => void) => Promise<unknown>;

/** Returns the caller that repeats `act`. */
export function repeating(act: () => Promise<unknown>): Caller {
  return async (onEnd) => {
    for (;;) {
      await act();
      onEnd();
    }
  };
}

/**
 * Lets `concurrency` callers do what `caller` does, which appends the milliseconds of each of its operations to `durations`. Returns the
 * rate of the operations and their durations while all callers are at work: neither the first ones nor the last ones count.
 */
export async function ratesOf(
  { quick }: Task,
  concurrency: number,
  durations: readonly number[],
  caller: Caller,
): Promise<Figures> {
  const length = quick ? 'quick' : 'full';
  let acts = 0;
  const callers = Array.from({ length: concurrency }, () => caller(() => (acts += 1)));
  const pass = async (seconds: number, rounds: number): Promise<number> => {
    const [startedAt, from] = [performance.now(), acts];
    await until('the callers', () => acts - from >= rounds * concurrency && elapsed(startedAt) >= seconds);
    return elapsed(startedAt);
  };
  const measure = async (): Promise<Figures> => {
    await pass(WARM_UP_SECONDS[length], 1);
    const from = durations.length;
    const seconds = await pass(SECONDS[length], ROUNDS[length]);
    const counted = durations.slice(from).sort((a, b) => a - b);
    return {
      steps_per_second: counted.length / seconds,
      step_p50_ms: quantile(counted, 0.5),
      step_p99_ms: quantile(counted, 0.99),
    };
  };
  // The callers go on until the process ends; only a failure of theirs ends this wait.
  const figures = measure();
  await Promise.race([figures, ...callers]);
  return figures;
}

function elapsed(since: number): number {
  return (performance.now() - since) / 1000;
}
