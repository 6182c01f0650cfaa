// When a waiting run leaves memory, and what brings it back.

/** One thing that a run waits for. */
export type Wait = WaitFor & {
  /** When the wait ends by itself, in milliseconds since 1970; undefined for never. */
  until?: number | undefined;
};

/** `room` is what calls of models wait for. */
type WaitFor =
  | { kind: 'timer' }
  | { kind: 'message'; topic: string }
  | { kind: 'run'; runId: string }
  | { kind: 'room' };

/** What a parked run waits for: the first of them wakes it. */
export interface Parking {
  until: number | undefined;
  topics: string[];
  runIds: string[];
  /** Whether it waits for room in the bucket of a model. */
  isForRoom?: boolean | undefined;
}

/** A wait that ends sooner, in milliseconds, costs less in memory than on the way to the database and back. */
export const SHORTEST_PARKING_MS = 1000;

/** Returns what wakes a run that waits for all of `waits` at the same time, as in `Promise.race` or `Promise.all`. */
export function mergeWaits(waits: Iterable<Wait>): Parking {
  let until: number | undefined;
  const topics = new Set<string>();
  const runIds = new Set<string>();
  let isForRoom = false;
  for (const wait of waits) {
    if (wait.until !== undefined) until = Math.min(wait.until, until ?? Infinity);
    if (wait.kind === 'message') topics.add(wait.topic);
    if (wait.kind === 'run') runIds.add(wait.runId);
    if (wait.kind === 'room') isForRoom = true;
  }
  return { until, topics: [...topics], runIds: [...runIds], isForRoom };
}

/** Tells whether it is worth while to take a run with this parking out of memory at the time `now`. */
export function isWorthParking({ until, topics, runIds, isForRoom }: Parking, now: number): boolean {
  if (until === undefined) return isForRoom || topics.length + runIds.length > 0;
  return until - now >= SHORTEST_PARKING_MS;
}
