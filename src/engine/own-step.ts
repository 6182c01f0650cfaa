// A step of a run that our engine executes: what the SDK does for a step, without its spans, its own retries and its time limits.

import context from '@dbos-inc/dbos-sdk/internal/context';
import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import errors from '@dbos-inc/dbos-sdk/internal/error';
import serialization from '@dbos-inc/dbos-sdk/internal/serialization';
import type { CancellationWatch } from './history/body-watch.ts';
import type { Execution } from './history/execution.ts';
import type { FastSystemDatabase } from './history/fast-database.ts';
import { recordableResult } from './result-text.ts';

/** The step that is executed. */
export interface OwnStep {
  database: FastSystemDatabase;
  execution: Execution;
  name: string;
}

/** What the SDK knows of the caller, who is a workflow's body. */
type Surroundings = NonNullable<ReturnType<typeof context.getCurrentContextStore>>;

/**
 * Runs `body` as the next step of the calling workflow and returns its recorded result, or throws its recorded error. Its number is
 * taken before anything is awaited.
 * @throws the SDK's DBOSUnexpectedStepError when the history has another step in its place, DBOSWorkflowCancelledError, and
 * DBOSWorkflowConflictError when another execution has the run
 */
export async function runOwnStep<T>(step: OwnStep, body: (stepId: number) => Promise<T>): Promise<T> {
  const stepId = context.functionIDGetIncrement();
  const { database, execution, name } = step;
  const { runId } = execution;
  const startedAt = Date.now();
  // As it is now: the caller may call further steps before this one has begun.
  const caller: Surroundings = { ...context.getCurrentContextStore()! };
  const mayBegin = execution.mayBegin(stepId);
  // Never in the turn of the call: what the caller does after it would otherwise be seen by some bodies and not by others.
  const recorded = await (mayBegin ? undefined : database.getOperationResultAndThrowIfCancelled(runId, stepId));
  if (recorded) {
    const { functionName = '?' } = recorded;
    if (functionName !== name) throw new errors.DBOSUnexpectedStepError(runId, stepId, name, functionName);
    const { DBOSExecutor } = executors;
    return DBOSExecutor.reviveResultOrError<T>(recorded, DBOSExecutor.globalInstance!.serializer);
  }
  try {
    const result = await attempted(step, caller, stepId, startedAt, body);
    const { text, value } = recordableResult(result);
    const outcome = { output: text, serialization: serialization.DBOSJSON.name() };
    await database.recordOperationResult(runId, stepId, name, true, startedAt, Date.now(), outcome);
    return value;
  } finally {
    // Calls of models that no checkpoint has settled are settled by the books.
    execution.settlements.delete(stepId);
  }
}

/**
 * What the SDK tells the body of a step. It would use an object with a getter, which has a hidden class of its own: that keeps all that the
 * getter can see in memory until the next full garbage collection.
 */
class BodyStatus {
  readonly stepID: number;
  readonly currentAttempt = undefined;
  readonly maxAttempts = undefined;
  readonly timeoutSignal = undefined;
  readonly #watch: CancellationWatch;

  constructor(stepID: number, watch: CancellationWatch) {
    this.stepID = stepID;
    this.#watch = watch;
  }

  get cancelSignal(): AbortSignal {
    return this.#watch.signal;
  }
}

/** Runs the body, and records its error. Somebody watches for a cancellation meanwhile, which goes before whatever the body throws. */
async function attempted<T>(
  { database, execution, name }: OwnStep,
  caller: Surroundings,
  stepId: number,
  startedAt: number,
  body: (stepId: number) => Promise<T>,
): Promise<T> {
  const { runId } = execution;
  const watch = database.watchForCancellation(runId);
  const stepStatus = new BodyStatus(stepId, watch);
  const { ctxLogger: logger } = executors.DBOSExecutor.globalInstance!;
  execution.settlements.set(stepId, []);
  try {
    const surroundings = { stepStatus, curStepFunctionId: stepId, logger };
    return await context.runWithParentContext(caller, surroundings, () => body(stepId));
  } catch (error) {
    if (watch.cancelled) await database.checkIfCanceled(runId);
    if (error instanceof errors.DBOSWorkflowConflictError) throw error;
    if (error instanceof errors.DBOSWorkflowCancelledError && error.workflowID === runId) throw error;
    const { serializer } = executors.DBOSExecutor.globalInstance!;
    const written = await serialization.serializeResErrorWithSerializer(error as Error, serializer, serializer.name());
    const outcome = { error: written.serializedValue, serialization: written.serialization };
    await database.recordOperationResult(runId, stepId, name, true, startedAt, Date.now(), outcome);
    throw error;
  } finally {
    watch.release();
  }
}
