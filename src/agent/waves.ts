// In which order calls are undone: the latest first, and those that were made at the same time together.

import type { ArmedCall } from '../store/compensations.ts';

/** Calls that can be undone at the same time, and what is left to undo after them. */
export interface Wave {
  wave: ArmedCall[];
  left: ArmedCall[];
}

/**
 * Returns the calls in waves. `calls` begins with the latest. Calls of one run are of one wave when each of them began before any of them
 * had ended, as those of one turn of a model do: so none can have needed what another one did. What cannot be undone is by itself.
 */
export function inWaves(calls: readonly ArmedCall[]): Wave[] {
  const waves: Wave[] = [];
  for (const [index, call] of calls.entries()) {
    const current = waves.at(-1);
    const left = calls.slice(index + 1);
    if (current && isOfWave(current.wave[0]!, call)) {
      current.wave.push(call);
      current.left = left;
    } else waves.push({ wave: [call], left });
  }
  return waves;
}

function isOfWave(first: ArmedCall, call: ArmedCall): boolean {
  const isUndoable = first.effect === 'compensable' && call.effect === 'compensable';
  return isUndoable && first.runId === call.runId && first.wave === call.wave;
}
