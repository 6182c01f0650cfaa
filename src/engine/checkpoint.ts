// One checkpointed step: its body runs at most until its outcome is recorded, and a recorded outcome is never computed again.

import { DBOS } from '@dbos-inc/dbos-sdk';
import context from '@dbos-inc/dbos-sdk/internal/context';
import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import { TerminalError } from '../core/errors.ts';
import { errorRecord, isRecorded, RecordedError } from '../core/recorded-error.ts';
import { assertSerializable } from '../core/serializable.ts';
import type { Settlement } from '../store/model-calls.ts';
import type { DataSource, TransactionSettings } from './data-source.ts';
import type { Gate } from './drain.ts';
import { runOwnStep } from './own-step.ts';
import type { ParkingSystemDatabase } from './parking/parking-database.ts';
import type { Listen } from './parking/waiting.ts';
import { orHeld } from './unfit.ts';

/** Who runs: the step that a body belongs to. */
export interface StepIdentity {
  runId: string;
  stepId: number;
  tenant: string;
  /** Aborted when the run is cancelled; looking at it starts to watch for that. */
  cancelled(): AbortSignal;
  /** Resolves when the run is still ours, before a further attempt. @throws the SDK's own error when it was cancelled, or taken over */
  assertOurs(): Promise<void>;
  /** Has a call of a model settled in the commit of the step's checkpoint. Returns false where the engine cannot do that. */
  settle: (settlement: Settlement) => boolean;
  /** The token of the execution, in the step's body: what is written for the run is conditional on it. */
  owner(): string | undefined;
}

/** What a step waits for between two calls of its body. */
export interface Room {
  listen: Listen;
  /** When to look again whatever happens, in milliseconds from now; undefined for a place in line, which the database keeps. */
  lookAgainMs: number | undefined;
}

/** In a transaction nobody watches: it is short, and fenced. */
const NEVER_CANCELLED = new AbortController().signal;

/** Runs steps and transactions of workflows through the gate of a process that may stop. */
export class Checkpoints {
  readonly #gate: Gate;
  readonly #source: DataSource;
  #database: ParkingSystemDatabase | undefined;

  constructor(gate: Gate, source: DataSource) {
    this.#gate = gate;
    this.#source = source;
  }

  /** From now on steps are recorded by this database. */
  writeWith(database: ParkingSystemDatabase): void {
    this.#database = database;
  }

  /** Runs `body` as the step `name` of the calling workflow and returns its recorded result, or throws its recorded error. */
  step<T>(name: string, body: (identity: StepIdentity) => Promise<T>): Promise<T> {
    const attempt = (): Promise<T> => recordable(name, () => body(this.#identity()), isControlFlow);
    // The checkpoint is written inside the gate: a step that could end while the process stops is also recorded.
    return orHeld(() => withRecordedErrors(() => this.#gate.pass(() => this.#recorded(name, attempt))));
  }

  /** Where our engine writes the checkpoint it runs the step as well; elsewhere the SDK does. */
  #recorded<T>(name: string, attempt: () => Promise<T>): Promise<T> {
    const database = this.#database;
    const execution = DBOS.isInWorkflow() ? database?.executionOf(DBOS.workflowID!) : undefined;
    if (!database || !execution) return DBOS.runStep(attempt, { name });
    return runOwnStep({ database, execution, name }, attempt);
  }

  /**
   * Runs `body` as the transaction `name`, as a step of the calling workflow or, outside of one, by itself.
   * @throws TerminalError `transaction_in_step`
   */
  async transaction<T>(
    name: string,
    settings: TransactionSettings,
    body: (identity: StepIdentity) => Promise<T>,
  ): Promise<T> {
    if (!DBOS.isWithinWorkflow()) return this.#source.run(name, settings, () => body(this.#identity()));
    if (!DBOS.isInWorkflow()) {
      throw new TerminalError(
        'transaction_in_step',
        `${name} was called inside a step or another transaction, with which it would be done again: call it in the workflow's body.`,
      );
    }
    const isNoOutcome = async (error: unknown): Promise<boolean> =>
      isControlFlow(error) || this.#source.mustRetry(error);
    const attempt = (): Promise<T> => recordable(name, () => body(this.#identity()), isNoOutcome);
    return orHeld(() => withRecordedErrors(() => this.#gate.pass(() => this.#source.run(name, settings, attempt))));
  }

  #identity(): StepIdentity {
    const status = DBOS.stepStatus;
    const runId = DBOS.workflowID!;
    const stepId = DBOS.stepID!;
    return {
      runId,
      stepId,
      tenant: DBOS.authenticatedUser,
      cancelled: () => status?.cancelSignal ?? NEVER_CANCELLED,
      assertOurs: () => this.#assertOurs(runId),
      settle: (settlement) => this.#database?.executionOf(runId)?.settle(stepId, settlement) ?? false,
      owner: () => context.currentOwnerXid(runId),
    };
  }

  async #assertOurs(runId: string): Promise<void> {
    this.#database?.executionOf(runId)?.doubt();
    await executors.DBOSExecutor.globalInstance!.systemDatabase.checkIfCanceled(runId);
  }

  /** Whether the process has begun to stop; pauses end then, and what would follow them is left to another process. */
  get stopping(): AbortSignal {
    return this.#gate.closing;
  }

  /**
   * Waits in a step, between two calls of its body, until there may be room for its call of a model. The run may leave memory meanwhile;
   * then this never returns. @throws the SDK's own error when the run is cancelled, or somebody else's by then
   */
  async waitForRoom(identity: StepIdentity, { listen, lookAgainMs }: Room): Promise<void> {
    const { runId, stepId } = identity;
    const signal = identity.cancelled();
    const untilThere: Listen = (ended) => {
      const stop = listen(ended);
      signal.addEventListener('abort', ended, { once: true });
      return () => {
        signal.removeEventListener('abort', ended);
        stop();
      };
    };
    const database = this.#database;
    const execution = database?.executionOf(runId);
    await this.#gate.outside(async () => {
      if (!database || !execution) return inMemory(untilThere, lookAgainMs);
      // What the body has called so far is settled by the books: the run may go on elsewhere.
      execution.settlements.delete(stepId);
      await database.waitForRoom(execution, untilThere, lookAgainMs);
      execution.settlements.set(stepId, []);
    });
  }

  /** Leaves a step for good without an outcome: the run goes on elsewhere. */
  abandon(): Promise<never> {
    return this.#gate.abandon();
  }
}

/** Runs `body`; what it returns or throws is in the form in which it is recorded, so that it is the same when it is replayed. */
async function recordable<T>(
  name: string,
  body: () => Promise<T>,
  isNoOutcome: (error: unknown) => boolean | Promise<boolean>,
): Promise<T> {
  try {
    return assertSerializable(await body(), `The result of ${name}`);
  } catch (error) {
    throw (await isNoOutcome(error)) ? error : new RecordedError(errorRecord(error));
  }
}

function inMemory(listen: Listen, lookAgainMs: number | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = listen(resolve);
  const timer = lookAgainMs === undefined ? undefined : setTimeout(resolve, lookAgainMs);
  return promise.finally(() => {
    clearTimeout(timer);
    stop();
  });
}

/** The SDK does not keep the class of an error that it reads from a checkpoint. */
async function withRecordedErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isRecorded(error) ? new RecordedError(errorRecord(error)) : error;
  }
}

/** Tells whether `error` is the SDK's way to stop a run that was cancelled, or that somebody else owns. */
function isControlFlow(error: unknown): boolean {
  return error instanceof Error && 'dbosErrorCode' in error;
}
