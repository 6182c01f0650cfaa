// When an endpoint is left alone because its calls fail, for how long, and when it is tried again. Rules without a clock.

/** What a process has counted of an endpoint's calls. Times are milliseconds of any clock that does not go back. */
export interface Tally {
  /** Failures since the last success. */
  inRow: number;
  /** When the present slot of the window began, and what was counted in it and in the one before. */
  slotAt: number;
  slot: Counts;
  before: Counts;
}

interface Counts {
  calls: number;
  failures: number;
}

/** Two slots make the window. */
const SLOT_MS = 15_000;
/** So many failures one after the other are enough, however slowly they come. */
const IN_ROW = 5;
/** So many calls within the window have to be there for the share that failed to say something. */
const LEAST_CALLS = 10;
const SHARE = 0.5;
/** The longest pause before the first probe; it doubles with each probe that fails. */
const PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60_000;
/** An endpoint that fails again so soon after its recovery was not well: the pause goes on growing. */
const RELAPSE_MS = 60_000;
const LONGEST_LEVEL = 30;

/** How long nobody else makes the probe after one process took it; a process that died has left it by then. */
export const PROBE_MS = 60_000;

const NONE: Counts = { calls: 0, failures: 0 };

/** Returns the tally of an endpoint without calls. */
export function freshTally(now: number): Tally {
  return { inRow: 0, slotAt: now, slot: NONE, before: NONE };
}

/** Returns `tally` with one more call that ended at `now`. */
export function counted(tally: Tally, hasFailed: boolean, now: number): Tally {
  const { slotAt, slot, before } = atTime(tally, now);
  const failures = slot.failures + (hasFailed ? 1 : 0);
  return { inRow: hasFailed ? tally.inRow + 1 : 0, slotAt, slot: { calls: slot.calls + 1, failures }, before };
}

/** Returns whether what was counted is reason enough to leave the endpoint alone. */
export function isFailing({ inRow, slot, before }: Tally): boolean {
  if (inRow >= IN_ROW) return true;
  const calls = slot.calls + before.calls;
  // Somebody who has just been answered is no reason to stop asking.
  return inRow > 0 && calls >= LEAST_CALLS && slot.failures + before.failures >= calls * SHARE;
}

function atTime({ slotAt, slot, before }: Tally, now: number): Pick<Tally, 'slotAt' | 'slot' | 'before'> {
  const passed = Math.floor(Math.max(0, now - slotAt) / SLOT_MS);
  if (passed === 0) return { slotAt, slot, before };
  return { slotAt: slotAt + passed * SLOT_MS, slot: NONE, before: passed === 1 ? slot : NONE };
}

/** What is known of an endpoint's breaker, by all processes. Times as in a tally. */
export type Breaker =
  | { state: 'closed'; level: number; closedAt: number }
  | {
      state: 'open';
      /** How many probes have failed. */
      level: number;
      until: number;
      /** While this lies ahead, somebody is making the probe. */
      probeUntil: number;
      /** The code of the failure. */
      reason: string;
    };

/** Returns what `breaker` lets through at `now`: every call, one probe, or none. */
export function admits(breaker: Breaker | undefined, now: number): 'all' | 'probe' | 'none' {
  if (breaker === undefined || breaker.state === 'closed') return 'all';
  return now >= breaker.until && now >= breaker.probeUntil ? 'probe' : 'none';
}

/** Returns how often the endpoint has failed in a row for the pause that begins at `now`. */
export function nextLevel(breaker: Breaker | undefined, now: number): number {
  if (breaker === undefined) return 0;
  const goesOn = breaker.state === 'open' || now - breaker.closedAt < RELAPSE_MS;
  return goesOn ? Math.min(breaker.level + 1, LONGEST_LEVEL) : 0;
}

/**
 * Returns for how many milliseconds an endpoint is left alone that failed at `level`: doubling, spread over the upper half of the pause so
 * that many endpoints are not tried at once, and never shorter than `retryAfterMs`, which it has asked for. `random` is in [0, 1).
 */
export function pauseMs(level: number, random: number, retryAfterMs = 0): number {
  const ceiling = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** level);
  return Math.round(Math.max(ceiling * (0.5 + random / 2), retryAfterMs));
}
