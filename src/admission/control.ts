// Acts on runs that exist: each call is idempotent and says whether it changed anything.

import { Conflict } from '../core/errors.ts';
import { isFinal, type RunStatus } from '../core/run.ts';
import type { Holds } from '../engine/held.ts';
import { cancelRun, sendMessage } from '../engine/runs.ts';

/** What is to be known of a run before something is done to it. */
interface KnownRun {
  id: string;
  status: RunStatus;
}

/** What people do to runs. */
export class Controls {
  readonly #holds: Holds;

  constructor(holds: Holds) {
    this.#holds = holds;
  }

  /** Cancels the run, and its children unless told otherwise: nothing is recorded for it afterwards. False when it had ended already. */
  async cancel(run: KnownRun, options: { children: boolean }): Promise<boolean> {
    if (isFinal(run.status)) return false;
    await cancelRun(run.id, options.children);
    await this.#holds.cancelled(run.id);
    return true;
  }

  /**
   * Puts a held run back into its lane. False when somebody else has just done so.
   * @throws Conflict `run_not_held`
   */
  async release(run: KnownRun): Promise<boolean> {
    if (run.status === 'held') return this.#holds.release(run.id);
    throw new Conflict(
      'run_not_held',
      `Run '${run.id}' is not held (${run.status}): there is nothing to release it from.`,
      { runId: run.id },
    );
  }

  /**
   * Leaves a message for the run; it is kept until the run waits for it, and not kept twice under the same key.
   * @throws Conflict `run_ended` when nobody will ever read it
   */
  async message(run: KnownRun, topic: string, body: unknown, idempotencyKey?: string): Promise<void> {
    if (isFinal(run.status)) {
      throw new Conflict('run_ended', `Run '${run.id}' has ended (${run.status}): it takes no messages any more.`, {
        runId: run.id,
      });
    }
    await sendMessage(run.id, topic, body, idempotencyKey && `${run.id}/${topic}/${idempotencyKey}`);
  }
}
