// A place for so many at a time; the others wait, and come in the order in which they came.

export class Turnstile {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Takes a place, and returns how to leave it, once. Rejects with the signal's reason when that is aborted before there is one; the
   * signal is asked for only by those who have to wait.
   */
  async enter(signal: () => AbortSignal): Promise<() => void> {
    if (this.#free === 0) await this.#turn(signal());
    else this.#free -= 1;
    return () => this.#leave();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(resolve), 1);
      reject(signal.reason as Error);
    };
    this.#waiting.push(resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    // Whoever leaves takes the waiting one from the line, so that it is no longer there to be given up.
    await promise.finally(() => signal.removeEventListener('abort', giveUp));
  }

  /** The place goes to the next one, who need not find it free. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
