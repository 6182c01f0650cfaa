// What a run is to people: its statuses, and which of them are the end.

/** Every status of a run, in the words of the views, the API and the command line. */
export const RUN_STATUSES = [
  'queued',
  'running',
  'waiting',
  'held',
  'succeeded',
  'failed',
  'cancelled',
  'dead',
] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];

const FINAL: ReadonlySet<RunStatus> = new Set(['succeeded', 'failed', 'cancelled', 'dead']);

/** Tells whether a run with this status has ended: nothing more will be recorded for it. */
export function isFinal(status: RunStatus): boolean {
  return FINAL.has(status);
}

/** The longest that a run may be put off, and the longest that it may be given: ten years, in milliseconds. */
export const LONGEST_TIME_MS = 3650 * 86_400_000;

/** The lane of runs that name no other. */
export const DEFAULT_LANE = 'default';

/** The tenant of runs that were started without one. */
export const DEFAULT_TENANT = 'default';
