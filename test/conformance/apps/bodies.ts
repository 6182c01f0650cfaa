// How often the bodies of steps ran, by run and name: both engines must run the same ones, equally often.

import { currentRunId } from '../../../src/index.ts';

const counts = new Map<string, number>();

/** Notes that the body called `name` runs now, and returns how often it has run in this run. */
export function bodyRan(name: string): number {
  const key = `${currentRunId()} ${name}`;
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}

/** Returns how often each body ran, by `run id, space, name`, and forgets it. */
export function takeBodies(): Map<string, number> {
  const taken = new Map(counts);
  counts.clear();
  return taken;
}
