// Which answers of models are kept, and for how long: rules without I/O.

import { type Duration, toMilliseconds } from './duration.ts';
import { InvalidInput } from './errors.ts';

/** Has the same question answered by an earlier answer. */
export interface AnswerCache {
  /** How long an answer is given again. */
  ttl: Duration;
  /**
   * Whether questions that a model may answer otherwise each time, because their temperature is not 0, are answered by an earlier answer,
   * too. Without it they are refused.
   */
  sampled?: boolean;
}

/** A cache as it was checked. */
export interface Caching {
  ttlMs: number;
  sampled: boolean;
}

/** Returns `cache` checked. @throws InvalidInput `invalid_cache`, `invalid_duration` */
export function cachingOf({ ttl, sampled = false }: AnswerCache): Caching {
  const ttlMs = toMilliseconds(ttl);
  if (!(ttlMs > 0))
    throw new InvalidInput(
      'invalid_cache',
      `Answers cannot be kept for ${String(ttl)}: say for how long, such as '1h'.`,
    );
  return { ttlMs, sampled };
}
