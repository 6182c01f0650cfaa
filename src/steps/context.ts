// What a step's body may ask about itself while it runs.

import { AsyncLocalStorage } from 'node:async_hooks';
import { HoldfastError } from '../core/errors.ts';

/** The surroundings of one attempt of a step. */
export interface StepContext {
  /** The run that the step belongs to; undefined when the method was called outside of any run. */
  readonly runId: string | undefined;
  /** The step's number within the run. */
  readonly stepId: number | undefined;
  readonly name: string;
  /** 1 for the first attempt since this process took up the step. */
  readonly attempt: number;
  readonly tenant: string | undefined;
  /** Aborted when the attempt's time is up, or the run was cancelled. Give it to whatever the body waits for. */
  readonly signal: AbortSignal;
  /** The same over retries, crashes and failover of this step; undefined outside of a run. For the other side to recognise a repeat. */
  readonly idempotencyKey: string | undefined;
}

const current = new AsyncLocalStorage<StepContext>();

/** Returns the surroundings of the step that the caller runs in. @throws HoldfastError `not_in_step` outside of a step's body */
export function stepContext(): StepContext {
  const context = current.getStore();
  if (context) return context;
  throw new HoldfastError('not_in_step', 'stepContext() was called outside the body of a @step method.');
}

/** Runs `body` with `context` as what `stepContext()` returns in it. */
export function inStepContext<T>(context: StepContext, body: () => Promise<T>): Promise<T> {
  return current.run(context, body);
}
