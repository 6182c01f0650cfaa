// Removes runs that ended longer ago than they are to be kept: every minute, a few at a time, by one process at a time.

import type { Knex } from 'knex';
import type { RetentionRule } from '../define/retention.ts';
import { pause } from '../lib/pause.ts';
import { advanceRound, restRound, saveRetention, takeDueRound } from '../store/retention.ts';
import { deleteExpired, readEnded } from './expired-runs.ts';
import type { EngineLog } from './logger.ts';

export interface RetentionOptions {
  db: Knex;
  log: EngineLog;
  application: string;
  rules: readonly RetentionRule[];
}

const EVERY_MS = 60_000;
/** At most so many runs are looked at, and removed, in one transaction. */
const PAGE_SIZE = 500;
/** Between two transactions that removed something, so that runs under way have the database for themselves most of the time. */
const PAUSE_MS = 50;
const STOPS_WITHIN_MS = 2000;

/** One process's part in the removal. The database knows how far it has come, and when it is to go on. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Enters the rules of this build, and begins. */
  async start(): Promise<void> {
    const { db, application, rules } = this.#options;
    await saveRetention(db, application, rules);
    this.#begin();
  }

  /** Ends it, after the transaction that is under way; one that hangs on a database that is gone is left behind. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    const waiting = new AbortController();
    await Promise.race([this.#sweeping, pause(STOPS_WITHIN_MS, waiting.signal).catch(() => {})]);
    waiting.abort();
  }

  #begin(): void {
    this.#sweeping = this.#sweep().finally(() => {
      if (this.#stopping.signal.aborted) return;
      // Processes that were started together need not ask together.
      this.#timer = setTimeout(() => this.#begin(), EVERY_MS * (0.9 + 0.2 * Math.random())).unref();
    });
  }

  async #sweep(): Promise<void> {
    const { db, log, application } = this.#options;
    const { signal } = this.#stopping;
    let removed = 0;
    try {
      while (!signal.aborted) {
        const count = await sweepPage(db, application);
        if (count === undefined) break;
        removed += count;
        if (count > 0) await pause(PAUSE_MS, signal);
      }
    } catch (error) {
      if (!signal.aborted)
        log.warn(`Ended runs could not be removed, trying again in a minute: ${(error as Error).message}`);
    }
    if (removed > 0)
      log.info(`${removed} ${removed === 1 ? 'run' : 'runs'} that ended longer ago than they are kept were removed.`);
  }
}

/**
 * Looks at the next page of ended runs of the round that has been due for longest, and removes those that nobody needs any more, in one
 * transaction. Returns how many; undefined when nothing is due, or other processes are at it.
 */
export async function sweepPage(db: Knex, application: string): Promise<number | undefined> {
  return db.transaction(async (trx) => {
    const round = await takeDueRound(trx, application);
    if (!round) return undefined;
    const { expired, last = round.reached, isFull } = await readEnded(trx, application, round, PAGE_SIZE);
    const removed = await deleteExpired(trx, round.keepMs, expired);
    await (isFull ? advanceRound : restRound)(trx, application, round.keepMs, last);
    return removed;
  });
}
