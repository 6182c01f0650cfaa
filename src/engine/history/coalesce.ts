// Questions that are asked in the same turn of the event loop are one query.

/** Answers questions in groups: `ask` gets all that came within one turn, and returns an answer for each. */
export class Coalesced<Question, Answer> {
  readonly #ask: (questions: Question[]) => Promise<Answer[]>;
  #waiting: Question[] = [];
  #answers: Promise<Answer[]> | undefined;

  constructor(ask: (questions: Question[]) => Promise<Answer[]>) {
    this.#ask = ask;
  }

  /** Returns the answer to `question`. Rejects with the error of the query, as all others of the group do. */
  async answer(question: Question): Promise<Answer> {
    const index = this.#waiting.push(question) - 1;
    this.#answers ??= this.#askSoon();
    return (await this.#answers)[index]!;
  }

  async #askSoon(): Promise<Answer[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const questions = this.#waiting;
    this.#waiting = [];
    this.#answers = undefined;
    return this.#ask(questions);
  }
}
