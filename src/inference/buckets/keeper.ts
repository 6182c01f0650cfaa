// Looks after calls that wait in no process's memory, and takes back what nobody uses any more.

import type { Knex } from 'knex';
import { abandonUnserved, forgetWaits, lapseGrants, waitedFor } from '../../store/bucket-waits.ts';
import { type DeclaredBucket, forgetBuckets, forgetHolders } from '../../store/buckets.ts';

/** How often a process looks whether calls wait for buckets that it has not looked at by itself. */
const LOOK_MS = 2000;
/** Of so many looks one cleans up: rarely where there are no limits, and nothing is left but what waits from earlier times. */
const CLEAN_EVERY = 5;
const CLEAN_WITHOUT_LIMITS = 30;
/** Room that is not taken up within this is given back. */
const LAPSE_MS = 60_000;
/** Where no process has a bucket any more, its calls wait for nothing. */
const UNSERVED_MS = 60_000;

interface KeeperOptions {
  db: Knex;
  log: { warn(line: string): void };
  wake: (runIds: readonly string[]) => void;
  configured: () => readonly DeclaredBucket[];
  /** Told of buckets for which calls wait. */
  waitedFor: (keys: readonly string[]) => void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #isStopped = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    // Processes that were started together need not look together.
    this.#timer = setTimeout(() => void this.#look(), LOOK_MS * (0.75 + Math.random() / 2)).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { log, configured } = this.#options;
    try {
      await this.#lookAt(configured().map(({ key }) => key));
    } catch (error) {
      if (!this.#isStopped)
        log.warn(`Calls that wait for models could not be looked after: ${(error as Error).message}`);
    }
    if (!this.#isStopped) this.start();
  }

  async #lookAt(keys: readonly string[]): Promise<void> {
    const { db, wake } = this.#options;
    if (this.#looks++ % (keys.length > 0 ? CLEAN_EVERY : CLEAN_WITHOUT_LIMITS) === 0) {
      await forgetWaits(db);
      await forgetHolders(db);
      await forgetBuckets(db);
      await lapseGrants(db, LAPSE_MS);
      const runIds = await abandonUnserved(db, UNSERVED_MS);
      if (runIds.length > 0) wake(runIds);
    }
    if (keys.length > 0) this.#options.waitedFor(await waitedFor(db, keys));
  }
}
