// Kills the process at a chosen checkpoint, as `kill -9` would: for tests that start the app in a child process.

import { InvalidInput } from '../core/errors.ts';
import type { CheckpointProbe } from '../engine/hooks.ts';

/**
 * A moment in the life of a run: `before:` or `after:`, then the checkpoint's name. That is the step's name (`Documents.read`), a
 * durable verb's, or `run` for the outcome of a run. `#2` at the end means the second time in this process; without it, the first.
 */
export type CrashPoint = `${'before' | 'after'}:${string}`;

const FORM = /^(before|after):(.+?)(?:#([1-9]\d*))?$/;

/**
 * Returns a probe for `app.start(config, log, { probe })` that kills the process with SIGKILL at `point`: just before the checkpoint
 * is written, or just after it was committed. The point counts checkpoints that are written, not those that are replayed.
 * @throws InvalidInput `invalid_crash_point`
 */
export function crashAt(point: CrashPoint, kill: () => void = killThisProcess): CheckpointProbe {
  const [, moment, checkpoint, times = '1'] = FORM.exec(point) ?? [];
  if (moment === undefined) {
    throw new InvalidInput(
      'invalid_crash_point',
      `'${point}' is not a crash point: it has the form 'before:Class.method' or 'after:Class.method#2'.`,
    );
  }
  let left = Number(times);
  return (when, name) => {
    if (when !== moment || name !== checkpoint) return;
    left -= 1;
    if (left === 0) kill();
  };
}

function killThisProcess(): void {
  process.kill(process.pid, 'SIGKILL');
}
