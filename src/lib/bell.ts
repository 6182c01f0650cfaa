// A bell that is heard even when it rang just before somebody began to listen.

import { pause } from './pause.ts';

/** Wakes one waiter; rings between two waits are kept as one. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, or after `ms` milliseconds. Rejects with the signal's reason when it is aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#rung) {
      const limit = new AbortController();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = pause(ms, AbortSignal.any([signal, limit.signal])).catch((error: unknown) => {
        if (signal.aborted) throw error;
      });
      try {
        await Promise.race([promise, timer]);
      } finally {
        limit.abort();
        this.#wake = undefined;
      }
    }
    this.#rung = false;
  }
}
