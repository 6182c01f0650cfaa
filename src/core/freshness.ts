// For how long a proof that a run is ours lets bodies begin.

/**
 * In milliseconds. A run that another process cancels may begin at most one more body in this time, and can record nothing: the
 * checkpoint itself is conditional on the owner's token.
 */
export const FRESH_MS = 250;

/** Tells whether a proof of `provenAt` still counts at the time `now`, both in milliseconds by one clock that nobody can set. */
export function isFresh(provenAt: number, now: number): boolean {
  return now - provenAt < FRESH_MS;
}
