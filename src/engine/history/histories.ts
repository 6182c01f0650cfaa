// The engine's way to read and write what is recorded of runs: few round trips, many writes in one commit, never without owning the run.

import errors from '@dbos-inc/dbos-sdk/internal/error';
import type { WorkflowStatusInternal } from '@dbos-inc/dbos-sdk/internal/system_database';
import type { Pool } from 'pg';
import { retried } from '../retried.ts';
import { type Execution, Executions, type RecordedStep } from './execution.ts';
import { Ownership } from './ownership.ts';
import { RecordedSteps } from './recorded.ts';
import { type RecordedOutcome, RecordedOutcomes } from './recorded-outcome.ts';
import { type RecordedEnd, type RunOutcome, RunOutcomes } from './run-outcome.ts';
import { type RunStart, RunStarts, type StartedRow } from './run-start.ts';
import { type StepCheckpoint, StepCheckpoints } from './step-checkpoint.ts';
import { type StreamStep, type StreamValue, StreamValues } from './stream-values.ts';

/** What the SDK is told about a run that was started. */
export interface StartVerdict {
  status: string;
  /** Whether this start inserted the run. */
  shouldExecuteOnThisExecutor: boolean;
  serialization: string | null;
}

/** With so few runs, the checkpoint of one seldom meets another's. */
const FEW_RUNS = 2;

/** The histories of the runs of this process. Lost connections are waited for, as the SDK does. */
export class Histories {
  readonly executions = new Executions();
  readonly #ownership: Ownership;
  readonly #recorded: RecordedSteps;
  readonly #checkpoints: StepCheckpoints;
  readonly #outcomes: RunOutcomes;
  readonly #recordedOutcomes: RecordedOutcomes;
  readonly #starts: RunStarts;
  readonly #streams: StreamValues;

  constructor(pool: Pool, application: string | undefined) {
    this.#ownership = new Ownership(pool);
    this.#recorded = new RecordedSteps(pool);
    this.#checkpoints = new StepCheckpoints(pool, application, () => this.executions.size <= FEW_RUNS);
    this.#outcomes = new RunOutcomes(pool);
    this.#recordedOutcomes = new RecordedOutcomes(pool);
    this.#starts = new RunStarts(pool, application);
    this.#streams = new StreamValues(pool, application);
  }

  /** Resolves when the run is still this execution's; see `Ownership.assert`. */
  async assertOwned(execution: Execution): Promise<void> {
    await execution.during(() => retried(() => this.#ownership.assert(execution)));
  }

  /** Returns what is recorded for a step of a run that is still ours; `unknown` when the database has to be asked. */
  async recorded(execution: Execution, stepId: number): Promise<RecordedStep | 'unknown' | undefined> {
    if (execution.written.has(stepId)) return 'unknown';
    await this.assertOwned(execution);
    if (execution.hasNoHistory) return undefined;
    return execution.during(() => retried(() => this.#recorded.find(execution, stepId)));
  }

  /**
   * Records a step. @throws DBOSStepNondeterminismError when `mustBeNew` and the step has another outcome already, and what
   * `StepCheckpoints.write` throws
   */
  async recordStep(execution: Execution, checkpoint: Omit<StepCheckpoint, 'token'>, mustBeNew: boolean): Promise<void> {
    const { runId, token } = execution;
    execution.written.add(checkpoint.stepId);
    const at = performance.now();
    const isRecorded = await execution.during(() => retried(() => this.#checkpoints.write({ ...checkpoint, token })));
    if (mustBeNew && !isRecorded) throw new errors.DBOSStepNondeterminismError(runId, checkpoint.stepId);
    execution.confirm(at);
  }

  /** Appends a value to a stream of the run; see `StreamValues.append`. */
  async append(execution: Execution, value: Omit<StreamValue, 'token'>, step?: StreamStep): Promise<void> {
    if (step) execution.written.add(value.stepId);
    const at = performance.now();
    const append = (): Promise<void> => this.#streams.append({ ...value, token: execution.token }, step);
    await execution.during(() => retried(append));
    execution.confirm(at);
  }

  /** Records the end of a run; see `RunOutcomes.write`. */
  async recordOutcome(outcome: RunOutcome): Promise<RecordedEnd | undefined> {
    const end = await retried(() => this.#outcomes.write(outcome));
    if (end) {
      const { runId, status, output, error } = outcome;
      const { serialization } = end;
      this.#recordedOutcomes.justRecorded(
        runId,
        status === 'SUCCESS' ? { output, serialization } : { error, serialization },
      );
    }
    return end;
  }

  /** Returns how a run ended, if it has. */
  outcome(runId: string): Promise<RecordedOutcome | undefined> {
    return retried(() => this.#recordedOutcomes.find(runId));
  }

  /**
   * Starts a run, as a child when there is a `parent`. Returns undefined when that takes the SDK's own way: the id belongs to a run of
   * another workflow, or of another lane.
   * @throws DBOSWorkflowConflictError when the parent's run is not ours any more
   */
  async start(start: RunStart): Promise<StartVerdict | undefined> {
    const { run, creator, parent } = start;
    const write = (): Promise<StartedRow | 'refused'> => retried(() => this.#starts.write(start));
    const row = await (parent ? this.executions.of(parent.runId, parent.token).during(write) : write());
    if (row === 'refused') throw new errors.DBOSWorkflowConflictError(parent?.runId ?? run.workflowUUID);
    if (!fits(row, run)) return undefined;
    if (parent) {
      this.executions.of(parent.runId, parent.token).written.add(parent.stepId);
      const isRecorded = Number(row.step_ended_at) === parent.endedAt;
      if (!isRecorded) throw new errors.DBOSStepNondeterminismError(parent.runId, parent.stepId);
    }
    run.serialization = row.serialization;
    // Where the answer to an earlier attempt was lost, the run may have been taken over, ended or cancelled since.
    const isLost = run.status === 'PENDING' && (row.status !== 'PENDING' || row.owner !== creator);
    const isOurs = row.creator === creator && !isLost;
    if (isOurs && run.status === 'PENDING') this.executions.add(run.workflowUUID, creator, true);
    if (start.isClaimed && row.deadline !== null) run.deadlineEpochMS = Number(row.deadline);
    return { status: row.status, shouldExecuteOnThisExecutor: isOurs, serialization: row.serialization };
  }
}

function fits(row: StartedRow, run: WorkflowStatusInternal): boolean {
  return (
    row.name === run.workflowName &&
    (row.class_name ?? '') === run.workflowClassName &&
    (row.config_name ?? '') === run.workflowConfigName &&
    (row.queue_name ?? undefined) === (run.queueName ?? undefined)
  );
}
