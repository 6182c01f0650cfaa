// Timers of any length. Those of the platform hold 24.8 days: what is longer fires at once.

const LONGEST_MS = 2 ** 31 - 1;

/** Calls `callback` after `ms` milliseconds, however many. Returns how to stop that. */
export function startTimer(ms: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    timer = left > LONGEST_MS ? setTimeout(() => wait(left - LONGEST_MS), LONGEST_MS) : setTimeout(callback, left);
  };
  wait(ms);
  return () => clearTimeout(timer);
}
