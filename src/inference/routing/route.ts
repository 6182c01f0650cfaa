// In which order the endpoints of a class are asked, and why: a rule without clock and I/O.

/** What the order depends on. */
export interface Candidate {
  name: string;
  /** What its breaker lets through. */
  admits: 'all' | 'probe' | 'none';
  /** In how many milliseconds its limits have room for the call; 0 where they have it now, or there are none. */
  roomInMs: number;
  /** What the call is expected to cost, in US dollars; undefined where that is not known. */
  costUsd: number | undefined;
}

export interface Preference {
  /** Whether the cheaper endpoint goes before the one that the class names first. */
  prefer: 'order' | 'price';
  /** The endpoint that answered the run's last call: it may have kept the conversation. */
  last: string | undefined;
  /** The endpoint that failed in the attempt before. */
  failed: string | undefined;
}

/** Why an endpoint is asked: the class names it first, it is the cheapest, it answered last, or those before it could not. */
export type Why = 'first' | 'price' | 'last' | 'fallback';

export interface Routed<T> {
  candidate: T;
  why: Why;
}

/** A shorter wait is no reason to go elsewhere. */
const MOMENT_MS = 250;

/**
 * Returns those of `candidates`, which stand in the order of their class, that may be asked, in the order in which to ask them: those with
 * room before those without, and what failed just now behind the others of its kind; among them the one that answered last, then by price
 * or in the order of the class.
 */
export function route<T extends Candidate>(candidates: readonly T[], preference: Preference): readonly Routed<T>[] {
  const cheapestFirst = (a: T, b: T): number => (a.costUsd ?? Infinity) - (b.costUsd ?? Infinity) || 0;
  const liked = preference.prefer === 'price' ? candidates.toSorted(cheapestFirst) : [...candidates];
  const rank = (candidate: T): number =>
    (candidate.roomInMs >= MOMENT_MS ? 4 : 0) +
    (candidate.name === preference.failed ? 2 : 0) +
    (candidate.name === preference.last ? 0 : 1);
  const order = liked.filter(({ admits }) => admits !== 'none').toSorted((a, b) => rank(a) - rank(b));
  return order.map((candidate, index) => {
    if (index > 0) return { candidate, why: 'fallback' };
    if (candidate.name === preference.last && candidate !== liked[0]) return { candidate, why: 'last' };
    if (candidate !== liked[0]) return { candidate, why: 'fallback' };
    return { candidate, why: preference.prefer === 'price' && candidate !== candidates[0] ? 'price' : 'first' };
  });
}
