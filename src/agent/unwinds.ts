// Sees to it that runs that failed are unwound: at once in the process where they failed, and by a sweep of any process for those that
// nobody was told of.

import type { Knex } from 'knex';
import { pause } from '../lib/pause.ts';
import { settleKept } from '../store/compensations.ts';
import { noteAllFailed, noteFailed, noteStarted, searchesAlone, unwindable } from '../store/unwind-requests.ts';

export interface UnwindsOptions {
  db: Knex;
  application: string;
  log: { warn(message: string): void; info(message: string): void };
  /** Starts the run that unwinds `runId`, unless there is one. */
  start: (runId: string, tenant: string | undefined) => Promise<void>;
}

/** How often what was noted is looked at by a process that nobody hurries. */
const LOOK_MS = 5000;
/** How often failures are looked for that nobody has noted: their process died at that moment, or so did they. */
const SEARCH_MS = 60_000;

/** Starts unwinding runs on behalf of one process. */
export class Unwinds {
  readonly #options: UnwindsOptions;
  readonly #stopping = new AbortController();
  #hurry = new AbortController();
  #failed = new Set<string>();
  #searchAt = -Infinity;
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

  /** A run has failed. */
  failed(runId: string): void {
    this.#failed.add(runId);
    this.#hurry.abort();
  }

  /** A run that is over is to be unwound. */
  requested(): void {
    this.#hurry.abort();
  }

  async #sweepForever(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#hurry = new AbortController();
      try {
        await this.#noteFailures();
        await this.#startAll();
      } catch (error) {
        this.#options.log.warn(`Failed runs could not be unwound, trying again: ${(error as Error).message}`);
      }
      if (this.#stopping.signal.aborted) return;
      await pause(LOOK_MS * (0.5 + Math.random()), this.#hurry.signal).catch(() => {});
    }
  }

  async #noteFailures(): Promise<void> {
    const { db, application } = this.#options;
    const failed = this.#failed;
    this.#failed = new Set();
    try {
      if (failed.size > 0) await noteFailed(db, [...failed]);
    } catch (error) {
      for (const runId of failed) this.#failed.add(runId);
      throw error;
    }
    if (performance.now() < this.#searchAt) return;
    await db.transaction(async (trx) => {
      if (!(await searchesAlone(trx))) return;
      await noteAllFailed(trx, application);
      await settleKept(trx);
    });
    this.#searchAt = performance.now() + SEARCH_MS * (0.5 + Math.random());
  }

  /** One that cannot be started does not keep the others waiting; it is tried again the next time. */
  async #startAll(): Promise<void> {
    const { db, application } = this.#options;
    const refused: string[] = [];
    for (;;) {
      const found = await unwindable(db, application, refused);
      if (found.length === 0) return;
      for (const { runId, tenant } of found) {
        if (this.#stopping.signal.aborted) return;
        if (!(await this.#startOne(runId, tenant))) refused.push(runId);
      }
    }
  }

  async #startOne(runId: string, tenant: string | null): Promise<boolean> {
    const { db, start, log } = this.#options;
    try {
      await start(runId, tenant ?? undefined);
      await noteStarted(db, runId);
    } catch (error) {
      log.warn(`The unwinding of run '${runId}' could not be started, trying again: ${(error as Error).message}`);
      return false;
    }
    log.info(`Run '${runId}' is being unwound by run '${runId}-unwind'.`);
    return true;
  }
}
