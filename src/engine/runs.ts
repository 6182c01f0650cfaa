// Starting, stopping and addressing runs: the engine's side of admission.

import { DBOS } from '@dbos-inc/dbos-sdk';
import { Conflict, NotFound } from '../core/errors.ts';
import { type ErrorRecord, RecordedError, errorRecord } from '../core/recorded-error.ts';
import { assertTopic } from '../core/topic.ts';
import { orHeld } from './unfit.ts';

/** A workflow as the SDK knows it. */
export type RegisteredWorkflow = (...args: unknown[]) => Promise<unknown>;

export interface StartRequest {
  runId?: string | undefined;
  workflow: RegisteredWorkflow;
  args: unknown[];
  /** The lane to wait in; without one the run starts at once in this process. */
  lane?: string | undefined;
  /** Smaller numbers go first within a lane; 0 is first of all. */
  priority?: number | undefined;
  delayMs?: number | undefined;
  /** The run is cancelled when it has not ended this long after it began to run. */
  timeoutMs?: number | undefined;
  tenant?: string | undefined;
  attributes?: Record<string, unknown> | undefined;
}

/** A run that was started. */
export interface StartedRun {
  id: string;
  /** Resolves to the run's result; rejects with its recorded error, `run_cancelled` or `run_dead`. */
  result(): Promise<unknown>;
}

/** Records a run, and returns it. With an id that is taken nothing is started: the run that has it is returned. */
export async function startRun(request: StartRequest): Promise<StartedRun> {
  const start = DBOS.startWorkflow(request.workflow, {
    workflowID: request.runId,
    queueName: request.lane,
    timeoutMS: request.timeoutMs,
    authenticatedUser: request.tenant,
    workflowAttributes: request.attributes,
    enqueueOptions: enqueueOptions(request),
  });
  const { workflowID: id } = await orHeld(() => start(...request.args));
  // Not the handle itself: of a run that begins here it holds the body, which could then not leave memory.
  return { id, result: () => resultOf(id, () => DBOS.retrieveWorkflow(id).getResult()) };
}

function enqueueOptions({
  lane,
  priority,
  delayMs,
}: StartRequest): { priority?: number; delaySeconds?: number } | undefined {
  if (lane === undefined) return undefined;
  return {
    ...(priority ? { priority } : {}),
    ...(delayMs ? { delaySeconds: delayMs / 1000 } : {}),
  };
}

/** Takes a run away from whoever runs it: nothing is recorded for it afterwards. Its children too, unless `children` is false. */
export async function cancelRun(runId: string, children: boolean): Promise<void> {
  await DBOS.cancelWorkflow(runId, { cancelChildren: children });
}

/**
 * Leaves a message for a run. It is kept until the run waits for it. A repeated `idempotencyKey` leaves no second one.
 * @throws NotFound `run_not_found`, InvalidInput `invalid_topic`
 */
export async function sendMessage(runId: string, topic: string, body: unknown, idempotencyKey?: string): Promise<void> {
  assertTopic(topic);
  try {
    await DBOS.send(runId, { body }, topic, idempotencyKey);
  } catch (error) {
    if (sdkCode(error) !== NON_EXISTENT_WORKFLOW) throw error;
    throw new NotFound('run_not_found', `There is no run '${runId}' to send a message to.`);
  }
}

async function resultOf(runId: string, wait: () => Promise<unknown>): Promise<unknown> {
  try {
    return await orHeld(wait);
  } catch (error) {
    if (sdkCode(error) === undefined) throw new RecordedError(failureOf(error));
    if (sdkCode(error) === AWAITED_CANCELLED) {
      throw new Conflict('run_cancelled', `Run '${runId}' was cancelled and has no result.`);
    }
    if (sdkCode(error) === AWAITED_DEAD) {
      throw new Conflict('run_dead', `Run '${runId}' is a dead letter: its process died too often while it ran.`);
    }
    throw error;
  }
}

/** What a workflow's body threw by itself has the code by which the views know it. */
function failureOf(error: unknown): ErrorRecord {
  const { code } = (error ?? {}) as { code?: unknown };
  return { ...errorRecord(error), ...(typeof code !== 'string' && { code: 'workflow_failed' }) };
}

/** The SDK's codes: its classes are not there any more when an error is replayed. */
const NON_EXISTENT_WORKFLOW = 16;
const AWAITED_CANCELLED = 27;
const AWAITED_DEAD = 30;

function sdkCode(error: unknown): unknown {
  return (error as { dbosErrorCode?: unknown } | undefined)?.dbosErrorCode;
}
