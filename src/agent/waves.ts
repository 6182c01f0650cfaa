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
export function* inWaves(calls: readonly ArmedCall[]): Generator<Wave, void> {
  let wave: ArmedCall[] = [];
  for (const [index, call] of calls.entries()) {
    if (wave.length > 0 && !isOfWave(wave[0]!, call)) {
      // What is left of thousands of calls is listed for one wave at a time.
      yield { wave, left: calls.slice(index) };
      wave = [];
    }
    wave.push(call);
  }
  if (wave.length > 0) yield { wave, left: [] };
}

function isOfWave(first: ArmedCall, call: ArmedCall): boolean {
  const isUndoable = first.effect === 'compensable' && call.effect === 'compensable';
  return isUndoable && first.runId === call.runId && first.wave === call.wave;
}
