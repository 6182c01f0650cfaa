// How many runs of the recovery lane one process runs at a time: few at first, so that ten thousand that come at once fit into memory.

/**
 * Enough to keep the database busy with short runs, and few enough for the memory of runs that have just loaded their histories. It
 * is no more than a start: runs in this lane had no limit before their process died, and may wait for one another.
 */
const STEP = 100;
const PATIENCE_MS = 1000;

/** The lane's width, which grows by a hundred whenever no place came free for a second, and is a hundred again once it is empty. */
export class RecoveryRamp {
  #width = STEP;
  #fullSince: number | undefined;

  /** Returns how many runs may run, when `running` do; `now` in milliseconds. */
  width(running: number, now: number): number {
    if (running === 0) this.#width = STEP;
    if (running < this.#width) {
      this.#fullSince = undefined;
      return this.#width;
    }
    this.#fullSince ??= now;
    if (now - this.#fullSince >= PATIENCE_MS) {
      this.#width += STEP;
      this.#fullSince = now;
    }
    return this.#width;
  }
}
