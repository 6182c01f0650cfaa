// What the processes on one database share about calls of models: which endpoints fail, the books, answers, and room in buckets.

import type { Knex } from 'knex';
import type { EngineLog } from '../engine/logger.ts';
import { Answers } from './kept/answers.ts';
import type { Buckets } from './buckets/buckets.ts';
import { openBuckets } from './buckets/open.ts';
import { openLedger } from './books/budgets.ts';
import type { Ledger } from './books/ledger.ts';
import type { Models } from './registry/registry.ts';

export interface SharedOptions {
  db: Knex;
  executorId: string;
  log: EngineLog;
  /** Wakes runs for which there is room now. */
  wake: (runIds: readonly string[]) => void;
}

/** A process's part in it. */
export class Shared {
  readonly #ledger: Ledger;
  readonly #answers: Answers;
  readonly #buckets: Buckets;

  /** From now on calls of `models` take part. */
  constructor(models: Models, { db, executorId, log, wake }: SharedOptions) {
    models.routing.breakers.share({ db, log });
    this.#ledger = openLedger(models.routing, { db, executorId, log });
    this.#answers = models.routing.answers = new Answers({ db, executorId, log });
    this.#buckets = openBuckets(models, { db, executorId, log, wake });
  }

  /** No more calls begin; to be called before the engine is closed. */
  async leave(): Promise<void> {
    await Promise.all([this.#answers.stop(), this.#buckets.close()]);
  }

  /** Counts the calls of steps that ended until now; to be called after the engine was closed. */
  async close(): Promise<void> {
    await this.#ledger.close();
  }
}
