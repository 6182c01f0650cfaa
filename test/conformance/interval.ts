// The interval of a performance: it begins once all who want it are there, and happens once.

/** What a player does at the last moment before the interval. */
type LastAct = () => Promise<void>;

export class Interval {
  readonly #restart: () => Promise<void>;
  readonly #over = Promise.withResolvers<PromiseSettledResult<void>[]>();
  readonly #lastActs: LastAct[] = [];
  #playing: number;
  #begun = false;

  /** `players` may wait for the interval, or leave; during it `restart` is called. */
  constructor(players: number, restart: () => Promise<void>) {
    this.#playing = players;
    this.#restart = restart;
  }

  /** Resolves when the interval is over. To be called once by each player who wants it. Rejects as `lastAct` does. */
  async wait(lastAct: LastAct): Promise<void> {
    if (this.#begun) throw new Error('There is one interval only: it is over.');
    const place = this.#lastActs.push(lastAct) - 1;
    this.#beginWhenReady();
    const outcome = (await this.#over.promise)[place]!;
    if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** One player has come to the end. */
  leave(): void {
    this.#playing -= 1;
    this.#beginWhenReady();
  }

  #beginWhenReady(): void {
    if (this.#begun || this.#lastActs.length === 0 || this.#lastActs.length < this.#playing) return;
    this.#begun = true;
    this.#hold().then(this.#over.resolve, this.#over.reject);
  }

  async #hold(): Promise<PromiseSettledResult<void>[]> {
    const outcomes = await Promise.allSettled(this.#lastActs.map((act) => act()));
    await this.#restart();
    return outcomes;
  }
}
