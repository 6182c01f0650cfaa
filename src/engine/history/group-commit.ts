// Group commit: writes that wait while a statement is under way go together into the next one, and share its commit.

import { type Batchable, takeBatch } from '../../core/batch.ts';

interface Waiting<Item, Answer> extends Batchable {
  item: Item;
  resolve: (answer: Answer | Promise<Answer>) => void;
}

/** How the writes of one kind are made. */
export interface Writer<Item, Answer> {
  keyOf(item: Item): string;
  bytesOf(item: Item): number;
  /** Writes all of them in one statement; no answer for those that it had to leave out. */
  writeMany(items: Item[]): Promise<(Answer | undefined)[]>;
  /** Writes one by itself, waiting for locks where it must. */
  writeOne(item: Item): Promise<Answer>;
}

const LIMITS = { items: 512, bytes: 4_000_000 };
/**
 * A second statement begins only when this many wait, so that one's commit reaches the disk while the next one is executed. Two small
 * ones would be slower than one larger one, which has one commit.
 */
const WORTH_A_SECOND = 12;
const MOST_AT_A_TIME = 2;
/**
 * Where more than this many write in step, they become two groups: one's statement is executed while the other one's writers go on.
 * Smaller groups are not worth a commit each, and a half must not be split again, or the groups would crumble.
 */
const WORTH_SPLITTING = 40;
/** How much of the number of writers is forgotten with each statement. */
const FORGOTTEN = 0.05;

/**
 * Writes items in groups. A write is answered after its commit. What a group left out, and every item of a group that failed, is
 * written by itself: so one bad item fails alone, and all of them may be written twice, which must do no harm.
 */
export class GroupCommit<Item, Answer> {
  readonly #writer: Writer<Item, Answer>;
  readonly #isQuiet: () => boolean;
  #waiting: Waiting<Item, Answer>[] = [];
  #atWork = 0;
  #underWay = 0;
  /** About how many write at the same time. */
  #writers = 0;
  #isScheduled = false;

  /** `isQuiet` tells that there is nobody to share a statement with, so that a write need not wait for others for a moment. */
  constructor(writer: Writer<Item, Answer>, isQuiet: () => boolean = () => false) {
    this.#writer = writer;
    this.#isQuiet = isQuiet;
  }

  /** Writes `item` and returns the answer. Rejects with the error of its own statement. */
  write(item: Item): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.push({ key: this.#writer.keyOf(item), bytes: this.#writer.bytesOf(item), item, resolve });
    if (this.#isScheduled || !this.#mayBegin()) return promise;
    if (this.#isQuiet()) {
      this.#begin();
    } else {
      this.#isScheduled = true;
      // After the promises that are settled now: what they write belongs to the same group.
      setImmediate(() => {
        this.#isScheduled = false;
        this.#begin();
      });
    }
    return promise;
  }

  #mayBegin(): boolean {
    if (this.#atWork === 0) return this.#waiting.length > 0;
    return this.#atWork < MOST_AT_A_TIME && this.#waiting.length >= WORTH_A_SECOND;
  }

  #begin(): void {
    while (this.#mayBegin()) {
      const { batch, rest } = takeBatch(this.#waiting, { ...LIMITS, items: this.#fairShare() });
      this.#waiting = rest;
      void this.#work(batch);
    }
  }

  #fairShare(): number {
    this.#writers = Math.max(this.#waiting.length + this.#underWay, this.#writers * (1 - FORGOTTEN));
    const half = Math.ceil(this.#writers / 2);
    // What little would be left over goes with the rest.
    const isWhole = this.#writers <= WORTH_SPLITTING || this.#waiting.length <= 1.5 * half;
    return isWhole ? LIMITS.items : Math.min(LIMITS.items, half);
  }

  async #work(batch: Waiting<Item, Answer>[]): Promise<void> {
    this.#atWork += 1;
    this.#underWay += batch.length;
    const answers = await this.#together(batch);
    const left: Promise<unknown>[] = [];
    for (const [index, { item, resolve }] of batch.entries()) {
      const answer = answers[index];
      if (answer === undefined) {
        const alone = this.#writer.writeOne(item);
        left.push(alone);
        resolve(alone);
      } else {
        resolve(answer);
      }
    }
    // What was left out waits for somebody's lock; the next group does not.
    if (batch.length === 1) await Promise.allSettled(left);
    this.#atWork -= 1;
    this.#underWay -= batch.length;
    this.#begin();
  }

  async #together(batch: Waiting<Item, Answer>[]): Promise<(Answer | undefined)[]> {
    if (batch.length === 1) return [];
    try {
      return await this.#writer.writeMany(batch.map(({ item }) => item));
    } catch {
      // Nothing was committed, or nobody knows: each is settled by itself, and its own error reaches whoever wrote it.
      return [];
    }
  }
}
