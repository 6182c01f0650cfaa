// How long ended runs are kept: what may be said about it, and what is said where nothing is.

import { type Duration, toMilliseconds } from './duration.ts';
import { InvalidInput } from './errors.ts';

/** How long a run is kept after its end: a duration of a minute or more, or `forever`. */
export type Retention = Duration;

export const DEFAULT_RETENTION: Retention = '30d';

/** Whoever waits for a result has to find it. */
const LEAST_MS = 60_000;

/**
 * Returns `retention` in milliseconds, or null for `forever`. `whose` names the option's owner in the error.
 * @throws InvalidInput `invalid_retention` when it is no duration, or less than a minute
 */
export function retentionMs(retention: Retention, whose: string): number | null {
  if (retention === 'forever') return null;
  const keepMs = tryMilliseconds(retention);
  if (keepMs !== undefined && keepMs >= LEAST_MS && Number.isSafeInteger(keepMs)) return keepMs;
  throw new InvalidInput(
    'invalid_retention',
    `The retention '${retention}' of ${whose} is not possible: give a duration of a minute or more, such as '12h' or '30d', or 'forever'.`,
  );
}

function tryMilliseconds(duration: Duration): number | undefined {
  try {
    return Math.round(toMilliseconds(duration));
  } catch {
    return undefined;
  }
}
