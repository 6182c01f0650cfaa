// A run while it executes in this process, and how it leaves the process for good without an outcome.

import { AsyncLocalStorage } from 'node:async_hooks';
import { DBOS } from '@dbos-inc/dbos-sdk';
import context from '@dbos-inc/dbos-sdk/internal/context';
import executors from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import errors from '@dbos-inc/dbos-sdk/internal/error';
import type { RunningWorkflowEntry } from '@dbos-inc/dbos-sdk/internal/system_database';
import type { RegisteredWorkflow } from './runs.ts';
import type { Rewind } from './rewind.ts';
import type { Mismatch } from './unfit.ts';

/** Takes runs out of the process that cannot go on with the code that it has. Never fails. */
export interface Holder {
  hold(run: PresentRun, mismatch: Mismatch): Promise<void>;
  /** Takes the run back to a step, and puts it into its lane. Returns what stands in the way, if anything does. */
  rewind(run: PresentRun, rewind: Rewind): Promise<string | undefined>;
}

const current = new AsyncLocalStorage<PresentRun>();

/** Returns the run whose body, or whose step, calls; undefined outside of any. */
export function presentRun(): PresentRun | undefined {
  return current.getStore();
}

/** Returns a workflow's body whose runs are known while they execute, and are given to `holder` when they do not fit it. */
export function withPresence(body: RegisteredWorkflow, holder: Holder): RegisteredWorkflow {
  return (...args) => new PresentRun(holder).execute(() => body(...args));
}

/** One execution of a run. */
export class PresentRun {
  readonly id: string;
  /** What every write for the run is conditional on. */
  readonly token: string;
  readonly #holder: Holder;
  readonly #entry: RunningWorkflowEntry | undefined;
  readonly #gone = Promise.withResolvers<never>();
  #isLeaving = false;

  /** To be made in the first moment of the body: the entry of this execution is the last one that was registered for the run. */
  constructor(holder: Holder) {
    this.id = DBOS.workflowID!;
    this.token = context.currentOwnerXid(this.id)!;
    this.#holder = holder;
    this.#entry = executors.DBOSExecutor.globalInstance?.systemDatabase.runningWorkflowMap.get(this.id)?.at(-1);
  }

  /** Whether the run is about to leave, or has left: nothing that its body does counts any more. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Runs `body` and returns its outcome. A run that leaves meanwhile has none. */
  async execute(body: () => Promise<unknown>): Promise<unknown> {
    try {
      const result = await Promise.race([current.run(this, body), this.#gone.promise]);
      return this.#isLeaving ? await this.#gone.promise : result;
    } catch (error) {
      if (this.#isLeaving) return this.#gone.promise;
      throw error;
    }
  }

  /** Has the run held. From the call on its body gets no further: durable calls do not return, and an outcome is not taken. */
  async hold(mismatch: Mismatch): Promise<void> {
    this.#isLeaving = true;
    await this.#holder.hold(this, mismatch);
    this.#leave();
  }

  /** Has the run taken back to a step, to go on from there in a new execution. Returns only with what stands in the way of that. */
  async rewind(to: Rewind): Promise<string> {
    this.#isLeaving = true;
    const obstacle = await this.#holder.rewind(this, to);
    if (obstacle === undefined) {
      this.#leave();
      return new Promise(() => {});
    }
    this.#isLeaving = false;
    return obstacle;
  }

  /**
   * Gives up the run's place. Nobody here waits for the result of a run from a lane, and what its body still holds is garbage. A run
   * that the body of another one started has to tell that one its result: the SDK waits for it where it finds another owner.
   */
  #leave(): void {
    if (this.#entry?.queueName !== undefined) this.#entry.release();
    else this.#gone.reject(new errors.DBOSWorkflowConflictError(this.id));
  }
}
