// Puts the limits of endpoints and tenants before all calls of a process.

import type { Knex } from 'knex';
import type { Models } from '../registry/registry.ts';
import { Buckets } from './buckets.ts';

interface BucketsSettings {
  db: Knex;
  executorId: string;
  log: { warn(line: string): void };
  /** Has runs go on that wait in no process's memory. */
  wake: (runIds: readonly string[]) => void;
}

/** Has all calls of `models` wait for room in the limits of their endpoints and tenants. Returns what looks after that. */
export function openBuckets(models: Pick<Models, 'routing' | 'limited'>, settings: BucketsSettings): Buckets {
  const buckets = new Buckets({ ...settings, limited: () => models.limited() });
  const { routing } = models;
  // Before anything is reserved that a call which waits should not hold.
  routing.gates = [buckets, ...routing.gates];
  routing.roomInMs = (endpoint) => buckets.roomInMs(endpoint);
  buckets.start();
  return buckets;
}
