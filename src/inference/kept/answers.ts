// The answers of models that a process keeps, and finds again. What cannot be kept or found is asked for: nothing fails because of it.

import type { Knex } from 'knex';
import type { EngineLog } from '../../engine/logger.ts';
import { isStorableJson } from '../../lib/storable.ts';
import { type AskingAgain, findAnswer, type KeptAnswer, saveAnswer, sweepAnswers } from '../../store/model-answers.ts';

export interface AnswersOptions {
  db: Knex;
  executorId: string;
  log: Pick<EngineLog, 'warn'>;
}

const LONGEST_ANSWER = 500_000;
const MOST_ANSWERS = 100_000;
const SWEEP_MS = 60_000;

export class Answers {
  readonly #options: AnswersOptions;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** Returns what is kept under `key`; undefined where there is nothing, or where it cannot be looked for. */
  async find(
    key: string,
    asking: Omit<AskingAgain, 'executorId'>,
  ): Promise<{ answer: KeptAnswer; madeAt: Date } | undefined> {
    const { db, executorId, log } = this.#options;
    try {
      return await findAnswer(db, { tenant: asking.tenant, key }, { ...asking, executorId });
    } catch (error) {
      log.warn(
        `An answer that may be kept could not be looked for, so the model is asked: ${(error as Error).message}`,
      );
      return undefined;
    }
  }

  /** Keeps an answer, unless it is too large, or holds what the database does not. */
  async keep(place: { tenant: string; key: string }, answer: KeptAnswer, ttlMs: number): Promise<void> {
    const { db, log } = this.#options;
    const text = JSON.stringify(answer);
    if (text.length > LONGEST_ANSWER || !isStorableJson(answer)) return;
    this.#sweepLater();
    await saveAnswer(db, place, text, ttlMs).catch((error: Error) =>
      log.warn(`An answer could not be kept: ${error.message}`),
    );
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#sweeping;
  }

  /** A process that keeps nothing has nothing to remove. */
  #sweepLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const { db, log } = this.#options;
      this.#sweeping = sweepAnswers(db, MOST_ANSWERS).catch((error: Error) =>
        log.warn(`Answers that are too old could not be removed: ${error.message}`),
      );
    }, SWEEP_MS).unref();
  }
}
