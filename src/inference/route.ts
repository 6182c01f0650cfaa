// In which order the endpoints of a class are asked: a rule without clock and I/O.

import type { HealthView } from './health.ts';

/** What the order may depend on. */
export interface Candidate {
  name: string;
  health: Pick<HealthView, 'state'>;
}

/** Returns `candidates`, which stand in the order of their class, in the order in which to ask them. That is the same. */
export function route<T extends Candidate>(candidates: readonly T[]): readonly T[] {
  return candidates;
}
