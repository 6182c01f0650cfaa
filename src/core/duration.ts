// Durations as people write them (`'48h'`, `'1m30s'`) and as machines count them (milliseconds).

import { InvalidInput } from './errors.ts';

/** A number of milliseconds, or text such as `250ms`, `30s`, `5m`, `48h`, `3d`, `2w`, also in combination (`1h30m`). */
export type Duration = number | string;

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Returns `duration` in milliseconds.
 * @throws InvalidInput `invalid_duration` when it is negative, not finite or not of the form above.
 */
export function toMilliseconds(duration: Duration): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration;
    throw invalid(duration);
  }
  const parts = [...duration.trim().matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*/gy)];
  const length = parts.reduce((sum, part) => sum + part[0].length, 0);
  if (parts.length === 0 || length !== duration.trim().length) throw invalid(duration);
  return parts.reduce((sum, part) => sum + Number(part[1]) * UNIT_MS[part[2]!]!, 0);
}

function invalid(duration: Duration): InvalidInput {
  return new InvalidInput(
    'invalid_duration',
    `'${duration}' is not a duration: give milliseconds as a number, or text such as '250ms', '30s', '5m', '48h' or '3d'.`,
  );
}
