// Sees to it that runs that failed are unwound: at once in the process where they failed, and by a sweep of any process for those that
// nobody was told of.

import type { Knex } from 'knex';
import { pause } from '../lib/pause.ts';
import { unwindable } from '../store/compensations.ts';

export interface UnwindsOptions {
  db: Knex;
  application: string;
  log: { warn(message: string): void; info(message: string): void };
  /** Starts the run that unwinds `runId`, unless there is one. */
  start: (runId: string, tenant: string | undefined) => Promise<void>;
}

const SWEEP_MS = 5000;
const EVER_SECONDS = 100 * 365 * 24 * 3600;
/** Older ones were found by an earlier sweep; the first one of a process looks at all. */
const RECENT_SECONDS = 3600;

/** Starts unwinding runs on behalf of one process. */
export class Unwinds {
  readonly #options: UnwindsOptions;
  readonly #stopping = new AbortController();
  #hurry = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(options: UnwindsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#sweeping ??= this.#sweepForever();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#hurry.abort();
    await this.#sweeping;
  }

  /** A run has failed, or was cancelled with the wish to unwind it. */
  ended(): void {
    this.#hurry.abort();
  }

  async #sweepForever(): Promise<void> {
    for (let seconds = EVER_SECONDS; !this.#stopping.signal.aborted;) {
      this.#hurry = new AbortController();
      try {
        while ((await this.#sweep(seconds)) > 0);
        seconds = RECENT_SECONDS;
      } catch (error) {
        this.#options.log.warn(`Failed runs could not be unwound, trying again: ${(error as Error).message}`);
      }
      if (this.#stopping.signal.aborted) return;
      await pause(SWEEP_MS * (0.5 + Math.random()), this.#hurry.signal).catch(() => {});
    }
  }

  async #sweep(seconds: number): Promise<number> {
    const { db, application, start, log } = this.#options;
    const found = await unwindable(db, application, seconds);
    for (const { runId, tenant } of found) {
      if (this.#stopping.signal.aborted) return 0;
      await start(runId, tenant ?? undefined);
      log.info(`Run '${runId}' is being unwound by run '${runId}-unwind'.`);
    }
    return found.length;
  }
}
