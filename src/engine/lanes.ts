// The lanes of an app: what limits each has, and which there are.

import { InvalidInput, Unavailable } from '../core/errors.ts';
import { DEFAULT_LANE } from '../core/run.ts';
import type { Catalogue } from '../define/catalogue.ts';

export interface LaneLimits {
  /** How many runs of this lane one process runs at a time. */
  concurrency?: number;
  /** How many runs of this lane run at a time, over all processes. */
  globalConcurrency?: number;
  /** At most this many runs are started in each period. */
  rate?: { limit: number; periodSeconds: number };
}

/** How many runs of a lane one process runs at a time, where nothing else is said. */
const DEFAULT_CONCURRENCY = 1000;

/** Returns the lanes that the app's workflows and options name, with their limits. @throws InvalidInput `invalid_lane` */
export function lanesOf(catalogue: Catalogue, given: Record<string, LaneLimits>): Record<string, LaneLimits> {
  const named = catalogue.workflows.map((entry) => entry.operation.options.lane ?? DEFAULT_LANE);
  const lanes: Record<string, LaneLimits> = {};
  for (const name of new Set([DEFAULT_LANE, ...named, ...Object.keys(given)])) {
    if (!/^[A-Za-z][\w.-]{0,100}$/.test(name)) {
      throw new InvalidInput(
        'invalid_lane',
        `'${name}' cannot name a lane: begin with a letter and use letters, digits, '.', '-' and '_'.`,
      );
    }
    lanes[name] = { concurrency: DEFAULT_CONCURRENCY, ...given[name] };
  }
  return lanes;
}

/** @throws Unavailable `lane_not_found` when one of `wanted` is none of `known`: a worker would wait there for ever. */
export function refuseUnknownLanes(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.filter((lane) => !known.includes(lane));
  if (unknown.length === 0) return;
  throw new Unavailable(
    'lane_not_found',
    `HOLDFAST_LANES names ${unknown.map((lane) => `'${lane}'`).join(', ')}, but this app has the lanes ${known.join(', ')}: correct it, or name ` +
      'the lane in a workflow or in createApp({ lanes }).',
  );
}
