// The gate that every step goes through, so that a process that stops lets running steps end and starts no further ones.

/** Counts the bodies that are running; once closed, nobody gets in any more. */
export class Gate {
  #inside = 0;
  #closed = false;
  readonly #emptied: (() => void)[] = [];
  readonly #closing = new AbortController();

  /** Aborted when the process begins to stop: pauses between attempts end then. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Runs `body` and returns its result. After the gate was closed it neither runs nor returns: the run ends here in this process,
   * as if it had been killed between two steps, and goes on where it is handed to. An error instead could be caught by the
   * workflow's code and be taken for an outcome.
   */
  async pass<T>(body: () => Promise<T>): Promise<T> {
    if (this.#closed) return never();
    this.#inside += 1;
    try {
      return await body();
    } finally {
      this.#leave();
    }
  }

  /**
   * Has somebody inside wait outside: a process that stops does not wait for that, and then it neither returns nor fails: see `pass`.
   */
  async outside(wait: () => Promise<void>): Promise<void> {
    this.#leave();
    try {
      await wait();
    } finally {
      if (this.#closed) await never();
      this.#inside += 1;
    }
  }

  /** Leaves the gate from inside for good, when waiting on is pointless: see `pass`. */
  async abandon(): Promise<never> {
    this.#leave();
    return never();
  }

  /** Closes the gate. Returns how many bodies were still running after `graceMs` milliseconds. */
  async close(graceMs: number): Promise<number> {
    this.#closed = true;
    this.#closing.abort();
    if (this.#inside === 0) return 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    this.#emptied.push(resolve);
    await promise;
    clearTimeout(timer);
    return this.#inside;
  }

  #leave(): void {
    this.#inside -= 1;
    if (this.#inside === 0) for (const resolve of this.#emptied) resolve();
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
