// Questions that are asked in the same turn of the event loop are one query.

import { isConnectionError } from '../../core/connection-error.ts';

/** Answers questions in groups: `ask` gets all that came within one turn, and returns an answer for each. */
export class Coalesced<Question, Answer> {
  readonly #ask: (questions: Question[]) => Promise<Answer[]>;
  #waiting: Question[] = [];
  #answers: Promise<PromiseSettledResult<Answer>[]> | undefined;

  constructor(ask: (questions: Question[]) => Promise<Answer[]>) {
    this.#ask = ask;
  }

  /** Returns the answer to `question`. Rejects when it cannot be asked; another one that cannot be asked does no harm. */
  async answer(question: Question): Promise<Answer> {
    const index = this.#waiting.push(question) - 1;
    this.#answers ??= this.#askSoon();
    const outcome = (await this.#answers)[index]!;
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  async #askSoon(): Promise<PromiseSettledResult<Answer>[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const questions = this.#waiting;
    this.#waiting = [];
    this.#answers = undefined;
    try {
      const answers = await this.#ask(questions);
      return answers.map((value) => ({ status: 'fulfilled', value }));
    } catch (error) {
      if (questions.length === 1 || isConnectionError(error)) throw error;
      return Promise.allSettled(questions.map(async (question) => (await this.#ask([question]))[0]!));
    }
  }
}
