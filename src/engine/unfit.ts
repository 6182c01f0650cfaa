// How a durable call finds out that the run's history was made by other code, and that nobody but us hears of it.

import { DBOS } from '@dbos-inc/dbos-sdk';
import errors from '@dbos-inc/dbos-sdk/internal/error';
import { type PresentRun, presentRun } from './present-run.ts';
import type { Rewind } from './rewind.ts';

/** Where the code and the history of a run part, or where nobody can tell what happened. */
export interface Mismatch {
  reason:
    | 'unexpected_step'
    | 'nondeterminism'
    | 'unknown_effect'
    | 'irreversible_effect'
    | 'compensation_failed'
    | 'drift';
  stepId: number;
  /** The name under which the code makes the call, as the SDK has it; null where it is the one that is recorded. */
  called: string | null;
  /** What happened and what to do, where that is known best by whoever has the run held. */
  message?: string;
}

/**
 * Returns what the durable call `call` returns. When the call does not fit the history of the run, the run is held and leaves the
 * process, and the call neither returns nor throws: an error could be caught by the workflow's code and be taken for an outcome.
 * All other calls of such a run end in the same way. `call` is begun at once, because steps are numbered in that order.
 */
export async function orHeld<T>(call: () => Promise<T>): Promise<T> {
  const run = DBOS.isInWorkflow() ? presentRun() : undefined;
  if (!run) return call();
  if (run.isLeaving) return never();
  try {
    return await call();
  } catch (error) {
    const mismatch = mismatchOf(error, run);
    if (mismatch && !run.isLeaving) await run.hold(mismatch);
    if (run.isLeaving) return never();
    throw error;
  }
}

/** Has the run held for a person. To be called in the body of the step that is the reason. */
export async function holdForPerson(
  reason: 'unknown_effect' | 'irreversible_effect' | 'compensation_failed',
  { stepId, called, message }: { stepId: number; called: string; message: string },
): Promise<void> {
  await presentRun()?.hold({ reason, stepId, called, message });
}

/**
 * Has the run held because what was recorded as the step `stepId` of one call came back to another one of the same name: its number
 * depends on timing. To be called in the workflow's body; does not return.
 */
export async function holdForMixUp(stepId: number, called: string): Promise<never> {
  const message =
    `Step ${stepId} ('${called}') was recorded for another call of the same name, so that its number depends on timing. ` +
    'Make these calls in parallel(), then release the run.';
  await presentRun()?.hold({ reason: 'nondeterminism', stepId, called: null, message });
  return never();
}

/** Has the run held because a model was asked otherwise than the code would ask it. To be called in the workflow's body; does not return. */
export async function holdForDrift(stepId: number, message: string): Promise<never> {
  await presentRun()?.hold({ reason: 'drift', stepId, called: null, message });
  return never();
}

/**
 * Has the run taken back to a step, to do that and all that follows once more. To be called in the workflow's body, which returns from it
 * only with what stands in the way.
 */
export async function rewindTo(rewind: Rewind): Promise<string> {
  return (await presentRun()?.rewind(rewind)) ?? never();
}

/** The same error of another run, for instance of a child that failed of it, is an outcome like any other. */
function mismatchOf(error: unknown, run: PresentRun): Mismatch | undefined {
  if (error instanceof errors.DBOSUnexpectedStepError && error.workflowID === run.id) {
    return { reason: 'unexpected_step', stepId: error.stepID, called: error.expectedName };
  }
  if (error instanceof errors.DBOSStepNondeterminismError && error.workflowID === run.id) {
    return { reason: 'nondeterminism', stepId: error.stepID, called: null };
  }
  return undefined;
}

function never(): Promise<never> {
  return new Promise(() => {});
}
