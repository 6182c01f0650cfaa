// Acts on runs that exist: each call is idempotent and says whether it changed anything.

import { Conflict } from '../core/errors.ts';
import { isFinal, type RunStatus } from '../core/run.ts';
import { cancelRun, sendMessage } from '../engine/runs.ts';

/** What is to be known of a run before something is done to it. */
interface KnownRun {
  id: string;
  status: RunStatus;
}

/** Cancels the run, and its children unless told otherwise: nothing is recorded for it afterwards. False when it had ended already. */
export async function cancel(run: KnownRun, options: { children: boolean }): Promise<boolean> {
  if (isFinal(run.status)) return false;
  await cancelRun(run.id, options.children);
  return true;
}

/**
 * Leaves a message for the run; it is kept until the run waits for it, and not kept twice under the same key.
 * @throws Conflict `run_ended` when nobody will ever read it
 */
export async function message(run: KnownRun, topic: string, body: unknown, idempotencyKey?: string): Promise<void> {
  if (isFinal(run.status)) {
    throw new Conflict('run_ended', `Run '${run.id}' has ended (${run.status}): it takes no messages any more.`, {
      runId: run.id,
    });
  }
  await sendMessage(run.id, topic, body, idempotencyKey && `${run.id}/${topic}/${idempotencyKey}`);
}
