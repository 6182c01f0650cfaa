// The database's clock, which all processes share. Ours may be wrong, or be set while we run.

/** A look at the database's clock is this much worse than its way there and back, in milliseconds, for each second that it is old. */
const AGING_MS = 0.05;
/** The database's clock was set when it is this far from where it should be. */
const STEP_MS = 1000;

/** Tells the database's time between one look at it and the next. */
export class DatabaseClock {
  /** The database's time at the zero of `performance.now()`, which nobody can set. */
  #origin: number | undefined;
  #lookedAt = -Infinity;
  #uncertainty = Infinity;

  /** Returns the time in milliseconds since 1970, by our own clock until the database's was looked at. */
  now(): number {
    return this.#origin === undefined ? Date.now() : Math.round(this.#origin + performance.now());
  }

  /**
   * The database said `databaseMs` in an answer that took from `sentAt` to `receivedAt`, by `performance.now()`. Quick answers are
   * believed more than slow ones, and new ones more than old ones.
   */
  sync(databaseMs: number, sentAt: number, receivedAt: number): void {
    const origin = databaseMs - (sentAt + receivedAt) / 2;
    const uncertainty = (receivedAt - sentAt) / 2;
    const aged = this.#uncertainty + (AGING_MS * (receivedAt - this.#lookedAt)) / 1000;
    const wasSet = this.#origin !== undefined && Math.abs(origin - this.#origin) > STEP_MS + uncertainty;
    if (uncertainty > aged && !wasSet) return;
    this.#origin = origin;
    this.#lookedAt = receivedAt;
    this.#uncertainty = uncertainty;
  }
}
