// Who reads next: documents that nobody has tried yet, and those that turned out to be slow, so that neither keep the others waiting.

/** Whether a document waits for its first try, or for the long one that it gets after it was not read in the first. */
export type Turn = 'first' | 'long';

interface Waiter<Thread> {
  turn: Turn;
  begin: (thread: Thread) => void;
}

/**
 * Threads for documents, in the order in which they came. Slow ones have one thread at a time for themselves, and the others have
 * the rest: whoever sends many slow documents makes them wait for each other.
 */
export class ReaderQueue<Thread> {
  readonly #idle: Thread[];
  readonly #waiting: Waiter<Thread>[] = [];
  #longTurns = 0;

  /** @param threads at least two, or slow documents would keep the others waiting */
  constructor(threads: readonly Thread[]) {
    this.#idle = [...threads];
  }

  /** Returns a thread as soon as it is this document's turn. Rejects with the signal's reason when it is aborted; the place is free then. */
  async take(turn: Turn, signal: AbortSignal): Promise<Thread> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Thread>();
    const waiter: Waiter<Thread> = {
      turn,
      begin: (thread) => {
        signal.removeEventListener('abort', leave);
        resolve(thread);
      },
    };
    const leave = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.push(waiter);
    this.#next();
    return promise;
  }

  /** Gives a thread back that was taken for this kind of turn. */
  giveBack(thread: Thread, turn: Turn): void {
    if (turn === 'long') this.#longTurns -= 1;
    this.#idle.push(thread);
    this.#next();
  }

  #next(): void {
    while (this.#idle.length > 0) {
      const at = this.#longTurns === 0 ? this.#indexOf('long') : -1;
      const index = at < 0 ? this.#indexOf('first') : at;
      if (index < 0) return;
      const [waiter] = this.#waiting.splice(index, 1);
      if (waiter!.turn === 'long') this.#longTurns += 1;
      waiter!.begin(this.#idle.pop()!);
    }
  }

  #indexOf(turn: Turn): number {
    return this.#waiting.findIndex((waiter) => waiter.turn === turn);
  }
}
