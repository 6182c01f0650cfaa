// Who waits for a run's end is told here: one shared query for all waiters of the process, at once when a run ends in this process.

import type { Pool } from 'pg';

interface Waiter {
  resolve: () => void;
}

/** Whether a run executes in this process, which then says so when it ends. */
export type RunsHere = (runId: string) => boolean;

const FIRST_POLL_MS = 100;
const SLOWEST_POLL_MS = 1000;

/** Waits for runs to end, on behalf of every caller in this process. */
export class Completions {
  readonly #pool: Pick<Pool, 'query'>;
  readonly #runsHere: RunsHere;
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #hinted = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #asking = false;
  #closed = false;

  constructor(pool: Pick<Pool, 'query'>, runsHere: RunsHere) {
    this.#pool = pool;
    this.#runsHere = runsHere;
  }

  /** Resolves when the run has ended. Rejects with the signal's reason when `signal` is aborted first; the run goes on. */
  async wait(runId: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stopListening = this.listen(runId, resolve);
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      stopListening();
    }
  }

  /** Calls `ended` when the run has ended, and returns how to stop listening for that. */
  listen(runId: string, ended: () => void): () => void {
    const waiter: Waiter = { resolve: ended };
    const waiters = this.#waiters.get(runId) ?? new Set();
    this.#waiters.set(runId, waiters.add(waiter));
    if (!this.#runsHere(runId)) this.hint(runId);
    // It may be ended from elsewhere all the same, as by a cancel.
    else if (!this.#timer) this.#schedule();
    return () => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiters.get(runId) === waiters) this.#waiters.delete(runId);
    };
  }

  /** Like `wait`, but resolves to false when the run has not ended after `forMs` milliseconds. */
  async endsWithin(runId: string, forMs: number): Promise<boolean> {
    const timeout = AbortSignal.timeout(forMs);
    try {
      await this.wait(runId, timeout);
      return true;
    } catch (error) {
      if (timeout.aborted) return false;
      throw error;
    }
  }

  /** Says that `runId` has ended just now: whoever waits for it here is let go. */
  ended(runId: string): void {
    for (const waiter of this.#waiters.get(runId) ?? []) waiter.resolve();
  }

  /** Says that `runId` may have ended just now. */
  hint(runId: string): void {
    if (!this.#waiters.has(runId)) return;
    this.#hinted.add(runId);
    setImmediate(() => void this.#ask());
  }

  /** Lets every waiter go; they look at the run themselves. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.resolve();
  }

  async #ask(): Promise<void> {
    if (this.#asking || this.#closed) return;
    const ids = this.#hinted.size > 0 ? [...this.#hinted] : [...this.#waiters.keys()];
    this.#hinted.clear();
    if (ids.length === 0) return;
    this.#asking = true;
    try {
      for (const runId of await this.#ended(ids)) {
        for (const waiter of this.#waiters.get(runId) ?? []) waiter.resolve();
      }
    } catch {
      // The database is away: the next poll asks again.
    } finally {
      this.#asking = false;
      this.#schedule();
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#closed) return;
    if (this.#hinted.size > 0) {
      setImmediate(() => void this.#ask());
    } else if (this.#waiters.size > 0) {
      const pause = Math.min(SLOWEST_POLL_MS, FIRST_POLL_MS + this.#waiters.size / 10);
      this.#timer = setTimeout(() => void this.#ask(), pause);
    }
  }

  /** Those of `ids` that are over. A run that does not exist (any more) counts as over: whoever waits finds that out. */
  async #ended(ids: string[]): Promise<string[]> {
    const { rows } = await this.#pool.query<{ workflow_uuid: string }>({
      name: 'holdfast_unended_runs',
      text: `SELECT workflow_uuid FROM dbos.workflow_status
              WHERE workflow_uuid = ANY($1::text[]) AND status IN ('PENDING', 'ENQUEUED', 'DELAYED')`,
      values: [ids],
    });
    const unended = new Set(rows.map((row) => row.workflow_uuid));
    return ids.filter((id) => !unended.has(id));
  }
}
