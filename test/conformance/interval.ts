// The interval of a performance: it begins once all who want it are there and all others have left, and happens once.

export class Interval {
  readonly #restart: () => Promise<void>;
  readonly #done = Promise.withResolvers<void>();
  #playing: number;
  #waiting = 0;
  #begun = false;

  /** `players` may wait for the interval, or leave; during it `restart` is called. */
  constructor(players: number, restart: () => Promise<void>) {
    this.#playing = players;
    this.#restart = restart;
  }

  /** Resolves when the interval is over. To be called once by each player who wants it. */
  async wait(): Promise<void> {
    if (this.#begun) throw new Error('There is one interval only: it is over.');
    this.#waiting += 1;
    this.#beginWhenReady();
    return this.#done.promise;
  }

  /** One player has come to the end. */
  leave(): void {
    this.#playing -= 1;
    this.#beginWhenReady();
  }

  #beginWhenReady(): void {
    if (this.#begun || this.#waiting === 0 || this.#waiting < this.#playing) return;
    this.#begun = true;
    this.#restart().then(this.#done.resolve, this.#done.reject);
  }
}
