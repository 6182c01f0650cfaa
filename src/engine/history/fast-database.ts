// The SDK's system database with the paths of runs and steps led through `Histories`. It delegates and adds nothing else.

import context from '@dbos-inc/dbos-sdk/internal/context';
import errors from '@dbos-inc/dbos-sdk/internal/error';
import serialization from '@dbos-inc/dbos-sdk/internal/serialization';
import system from '@dbos-inc/dbos-sdk/internal/system_database';
import type { RunningWorkflowEntry, WorkflowStatusInternal } from '@dbos-inc/dbos-sdk/internal/system_database';
import type { Arguments, Result } from '../override.ts';
import { BodyWatch, type CancellationWatch } from './body-watch.ts';
import { Execution } from './execution.ts';
import { Histories, type StartVerdict } from './histories.ts';
import type { RecordedEnd, RunOutcome } from './run-outcome.ts';
import type { ParentStep } from './run-start.ts';

/** The methods that are overridden here, with the `length` that each has in version 5.3.0; see `OVERRIDDEN` of the hooks. */
export const FAST = {
  registerRunningWorkflow: 3,
  watchForCancellation: 1,
  checkIfCanceled: 0,
  checkIfCanceledLimited: 1,
  getOperationResultAndThrowIfCancelled: 0,
  recordOperationResult: 0,
  writeStreamFromWorkflow: 0,
  writeStreamFromStep: 0,
  recordWorkflowOutput: 0,
  recordWorkflowError: 0,
  awaitWorkflowResult: 0,
  initWorkflowStatus: 3,
  initChildWorkflowStatus: 0,
  cancelWorkflows: 0,
  cancelTimedOutWorkflows: 1,
  resumeWorkflows: 0,
  deleteWorkflows: 0,
  rewindWorkflow: 2,
} as const;

/** What the SDK is about to tell, by channel; private in its types. */
interface Notifying {
  pendingNotifications: Map<string, Set<string>>;
}

/** A place in a lane of this process. */
export interface Place {
  /** The run that was recorded begins, as claimed with this token. */
  begin(run: WorkflowStatusInternal, ownerToken: string): void;
  /** No run was recorded for it. */
  giveBack(): void;
}

export class FastSystemDatabase extends system.SystemDatabase {
  /** Gives a run that is about to be recorded a place in its lane; the dispatcher's, while it takes runs. */
  reserve: ((lane: string) => Place | undefined) | undefined;
  protected readonly histories = new Histories(this.pool, this.appName);
  /** Runs that are about to leave this process: their end was recorded, or refused. */
  readonly #ending = new Set<string>();

  /** This process has claimed a run, with a statement that it sent at `at` by `performance.now()`. */
  claimed(runId: string, token: string, at: number): void {
    this.histories.executions.add(runId, token, false).confirm(at);
  }

  /** A run that was claimed does not execute here. */
  forget(runId: string): void {
    if (!this.checkForRunningWorkflow(runId)) this.histories.executions.delete(runId);
  }

  override registerRunningWorkflow(...args: Arguments<'registerRunningWorkflow'>): RunningWorkflowEntry {
    const entry = super.registerRunningWorkflow(...args);
    const release = entry.release.bind(entry);
    entry.release = () => {
      release();
      this.forget(args[0]);
      this.#ending.delete(args[0]);
    };
    return entry;
  }

  /** Whether the run executes in this process and has not ended: whoever listens hears of its end. */
  runsHere(runId: string): boolean {
    return this.histories.executions.has(runId) && !this.#ending.has(runId);
  }

  override watchForCancellation(runId: string): CancellationWatch {
    const watch = (): CancellationWatch => super.watchForCancellation(runId);
    // The SDK watches for as long as the body of a step runs.
    const execution = this.executionOf(runId);
    return execution ? new BodyWatch(execution, watch) : watch();
  }

  override async checkIfCanceled(runId: string): Promise<void> {
    const execution = this.executionOf(runId);
    return execution ? this.histories.assertOwned(execution) : super.checkIfCanceled(runId);
  }

  override async checkIfCanceledLimited(runId: string): Promise<void> {
    const execution = this.executionOf(runId);
    return execution ? this.histories.assertOwned(execution) : super.checkIfCanceledLimited(runId);
  }

  override async getOperationResultAndThrowIfCancelled(
    ...[runId, stepId]: Arguments<'getOperationResultAndThrowIfCancelled'>
  ): Result<'getOperationResultAndThrowIfCancelled'> {
    const execution = this.executionOf(runId);
    const recorded = execution ? await this.histories.recorded(execution, stepId) : 'unknown';
    return recorded === 'unknown' ? super.getOperationResultAndThrowIfCancelled(runId, stepId) : recorded;
  }

  override recordOperationResult(...args: Arguments<'recordOperationResult'>): Result<'recordOperationResult'> {
    const [runId, stepId, name, mustBeNew, startedAt, endedAt, options = {}] = args;
    const execution = this.executionOf(runId);
    if (!execution) return super.recordOperationResult(...args);
    // A transaction has committed it with what it wrote.
    if (execution.committed.delete(stepId)) return Promise.resolve(void execution.written.add(stepId));
    const { output = null, error = null, serialization = null, childWorkflowID: childRunId = null } = options;
    const settlements = execution.settlements.get(stepId);
    execution.settlements.delete(stepId);
    const checkpoint = {
      runId,
      stepId,
      name,
      startedAt,
      endedAt,
      output,
      error,
      serialization,
      childRunId,
      settlements,
    };
    return this.histories.recordStep(execution, checkpoint, mustBeNew);
  }

  override async writeStreamFromWorkflow(...args: Arguments<'writeStreamFromWorkflow'>): Promise<void> {
    const [runId, stepId, key, value, format, name] = args;
    const execution = this.executionOf(runId);
    if (!execution) return super.writeStreamFromWorkflow(...args);
    const startedAt = Date.now();
    const recorded = await this.getOperationResultAndThrowIfCancelled(runId, stepId);
    if (recorded && recorded.functionName === name) return undefined;
    if (recorded) throw new errors.DBOSUnexpectedStepError(runId, stepId, name, recorded.functionName ?? '?');
    const step = { name, startedAt, endedAt: Date.now(), serialization: serialization.DBOSPortableJSON.name() };
    await this.histories.append(execution, { runId, stepId, key, value, serialization: format }, step);
    this.#appended(runId, key);
  }

  override async writeStreamFromStep(...args: Arguments<'writeStreamFromStep'>): Promise<void> {
    const [runId, stepId, key, value, format] = args;
    const execution = this.executionOf(runId);
    if (!execution) return super.writeStreamFromStep(...args);
    await this.histories.append(execution, { runId, stepId, key, value, serialization: format });
    this.#appended(runId, key);
  }

  override async recordWorkflowOutput(...args: Arguments<'recordWorkflowOutput'>): Result<'recordWorkflowOutput'> {
    const [runId, { output }, token = context.currentOwnerXid(runId)] = args;
    if (token === undefined) return super.recordWorkflowOutput(...args);
    return this.#recordOutcome({ runId, status: 'SUCCESS', output: output ?? null, error: null, token });
  }

  override async recordWorkflowError(...args: Arguments<'recordWorkflowError'>): Result<'recordWorkflowError'> {
    const [runId, { error }, token = context.currentOwnerXid(runId)] = args;
    if (token === undefined) return super.recordWorkflowError(...args);
    return this.#recordOutcome({ runId, status: 'ERROR', output: null, error: error ?? null, token });
  }

  override async awaitWorkflowResult(...args: Arguments<'awaitWorkflowResult'>): Result<'awaitWorkflowResult'> {
    const [runId, timeoutSeconds, callerId] = args;
    if (callerId !== undefined) await this.checkIfCanceledLimited(callerId);
    const outcome = timeoutSeconds === undefined ? await this.histories.outcome(runId) : undefined;
    return outcome ?? super.awaitWorkflowResult(...args);
  }

  override async initWorkflowStatus(...args: Arguments<'initWorkflowStatus'>): Result<'initWorkflowStatus'> {
    const [run, creator, client, reusePolicy = 'return-existing'] = args;
    const isPlain = client === undefined && reusePolicy === 'return-existing' && run.deduplicationID === undefined;
    const started = isPlain && creator !== null ? await this.#start(run, creator) : undefined;
    return started ?? super.initWorkflowStatus(...args);
  }

  override async initChildWorkflowStatus(
    ...args: Arguments<'initChildWorkflowStatus'>
  ): Result<'initChildWorkflowStatus'> {
    const [run, creator, runId, stepId, startedAt, endedAt, reusePolicy = 'return-existing'] = args;
    const token = context.currentOwnerXid(runId);
    const isPlain = reusePolicy === 'return-existing' && run.deduplicationID === undefined;
    const parent = token === undefined ? undefined : { runId, stepId, token, startedAt, endedAt };
    const started = isPlain && parent ? await this.#start(run, creator, parent) : undefined;
    return started ?? super.initChildWorkflowStatus(...args);
  }

  override async cancelWorkflows(...args: Arguments<'cancelWorkflows'>): Promise<void> {
    const [runIds, andChildren] = args;
    await super.cancelWorkflows(...args).finally(() => this.#doubt(andChildren ? undefined : runIds));
  }

  override async cancelTimedOutWorkflows(limit: number): Promise<string[]> {
    const runIds = await super.cancelTimedOutWorkflows(limit);
    this.#doubt(runIds);
    return runIds;
  }

  override async resumeWorkflows(...args: Arguments<'resumeWorkflows'>): Promise<void> {
    await super.resumeWorkflows(...args).finally(() => this.#doubt(args[0]));
  }

  override async deleteWorkflows(...args: Arguments<'deleteWorkflows'>): Promise<void> {
    await super.deleteWorkflows(...args).finally(() => this.#doubt());
  }

  override async rewindWorkflow(...args: Arguments<'rewindWorkflow'>): Result<'rewindWorkflow'> {
    return super.rewindWorkflow(...args).finally(() => this.#doubt([args[0]]));
  }

  /** Whether the run's transactions left nothing behind but the rows of their steps. */
  hasOwnCheckpointsOnly(runId: string): boolean {
    return this.histories.executions.haveOwnCheckpointsOnly(runId);
  }

  /** Told of each run whose end was recorded here, or may have been: then without what is known of it. */
  protected ended(_runId: string, _end: RecordedEnd | undefined): void {}

  /** The SDK tells the readers of streams of what was written, many at a time. */
  #appended(runId: string, key: string): void {
    if (!this.shouldUseDBNotifications) return;
    const { pendingNotifications } = this as unknown as Notifying;
    const waiting = pendingNotifications.get(system.DBOS_STREAMS_CHANNEL) ?? new Set<string>();
    pendingNotifications.set(system.DBOS_STREAMS_CHANNEL, waiting.add(`${runId}::${key}`));
  }

  async #recordOutcome(outcome: RunOutcome): Promise<boolean> {
    const end = await this.histories.recordOutcome(outcome);
    this.#ending.add(outcome.runId);
    // Refused may also mean that an attempt whose answer was lost has done it.
    this.ended(outcome.runId, end);
    return end !== undefined;
  }

  /** Records a run, and lets it begin at once where its lane has a place for it. Undefined when that takes the SDK's own way. */
  async #start(run: WorkflowStatusInternal, creator: string, parent?: ParentStep): Promise<StartVerdict | undefined> {
    const place = run.status === 'ENQUEUED' && run.queueName ? this.reserve?.(run.queueName) : undefined;
    if (!place) return this.histories.start({ run, creator, parent });
    const claimed = { ...run, status: 'PENDING', recoveryAttempts: 1 };
    let begins = false;
    try {
      const started = await this.histories.start({ run: claimed, creator, parent, isClaimed: true });
      begins = started?.shouldExecuteOnThisExecutor === true;
      return started;
    } finally {
      if (begins) place.begin(claimed, creator);
      else place.giveBack();
    }
  }

  /** The execution that the caller belongs to; undefined when it acts from outside of the run. */
  executionOf(runId: string): Execution | undefined {
    const token = context.currentOwnerXid(runId);
    if (token === undefined) return undefined;
    // What goes on behind the back of a run that has ended is not kept.
    if (!this.checkForRunningWorkflow(runId)) return new Execution(runId, token, false);
    return this.histories.executions.of(runId, token);
  }

  /** What was done to these runs, or to any, in this process must be seen by their next step. */
  #doubt(runIds?: readonly string[]): void {
    this.histories.executions.doubt(runIds);
  }
}
