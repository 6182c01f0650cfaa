// A look at all lanes at once: most of them have nothing to claim most of the time, and one statement is enough to see that.

import type { Claims } from './claim.ts';

/** So old may an answer be for another lane. The lanes are asked for once a second, each at a moment of its own. */
const LASTS_MS = 900;

/** What was seen of the lanes of this process. */
export class Look {
  readonly #claims: Claims;
  #seen: { lanes: readonly string[]; waiting: Promise<Set<string>>; until: number } | undefined;

  constructor(claims: Claims) {
    this.#claims = claims;
  }

  /** Tells whether runs wait in `lane`, one of `lanes`; as of less than a second ago. */
  async hasWork(lane: string, lanes: () => string[]): Promise<boolean> {
    const now = performance.now();
    if (!this.#seen || this.#seen.until <= now || !this.#seen.lanes.includes(lane)) {
      const all = lanes();
      this.#seen = { lanes: all, waiting: this.#claims.waiting(all), until: now + LASTS_MS };
    }
    const seen = this.#seen;
    try {
      return (await seen.waiting).has(lane);
    } catch (error) {
      if (this.#seen === seen) this.#seen = undefined;
      throw error;
    }
  }
}
