// When a step's body began, for those who ask beforehand: nothing is kept for other steps, whose memory would be measured too.

/** Moments of `performance.now()` in this process, by the number of a run. */
export class Moments {
  readonly #expected = new Map<number, (at: number) => void>();

  /** Resolves to the moment at which `begin` is next called for `n`. */
  expect(n: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#expected.set(n, resolve);
    return promise;
  }

  /** Says that the step of run `n` begins. */
  begin(n: number): void {
    this.#expected.get(n)?.(performance.now());
    this.#expected.delete(n);
  }
}
