// The one class that extends the SDK: its system database, with hooks where the stock one only polls. It delegates and adds nothing else.

import system from '@dbos-inc/dbos-sdk/internal/system_database';
import type { RunningWorkflowEntry, SystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database';
import { FastSystemDatabase } from './history/fast-database.ts';
import { type EngineHooks, RUN_OUTCOME } from './hooks.ts';
import type { Arguments, Result } from './override.ts';
import { ParkingSystemDatabase } from './parking/parking-database.ts';
import { RECOVERY_LANE } from './recovery-lane.ts';

/**
 * The methods that are overridden, with the `length` that each has in version 5.3.0. It is 0 for those that the SDK wraps for
 * retries: there the check is only that they are still there, and still wrapped.
 */
export const OVERRIDDEN = {
  initWorkflowStatus: 3,
  initChildWorkflowStatus: 0,
  cancelWorkflows: 0,
  resumeWorkflows: 0,
  findAndMarkStartableWorkflows: 4,
  trackRunningWorkflow: 3,
  recordOperationResult: 0,
  recordWorkflowOutput: 0,
  recordWorkflowError: 0,
  writeStreamFromWorkflow: 0,
  writeStreamFromStep: 0,
  awaitWorkflowResult: 0,
} as const;

/** Returns the system database of the engine, or the SDK's own for `stock`, reporting to `hooks`. */
export function systemDatabaseWith(hooks: EngineHooks, kind: 'holdfast' | 'stock'): typeof SystemDatabase {
  const Base: typeof SystemDatabase = kind === 'stock' ? system.SystemDatabase : parkingWith(hooks);
  return class HookedSystemDatabase extends Base {
    override async initWorkflowStatus(...args: Arguments<'initWorkflowStatus'>): Result<'initWorkflowStatus'> {
      const result = await super.initWorkflowStatus(...args);
      if (result.status === 'ENQUEUED' && args[0].queueName) hooks.enqueued(args[0].queueName);
      return result;
    }

    override async initChildWorkflowStatus(
      ...args: Arguments<'initChildWorkflowStatus'>
    ): Result<'initChildWorkflowStatus'> {
      const result = await super.initChildWorkflowStatus(...args);
      if (result.status === 'ENQUEUED' && args[0].queueName) hooks.enqueued(args[0].queueName);
      hooks.recorded(args[2]);
      return result;
    }

    override async cancelWorkflows(...args: Arguments<'cancelWorkflows'>): Result<'cancelWorkflows'> {
      await super.cancelWorkflows(...args);
      for (const runId of args[0]) hooks.outcome(runId);
    }

    override async resumeWorkflows(...args: Arguments<'resumeWorkflows'>): Result<'resumeWorkflows'> {
      await super.resumeWorkflows(...args);
      hooks.enqueued(args[1] ?? RECOVERY_LANE);
    }

    override async findAndMarkStartableWorkflows(
      ...args: Arguments<'findAndMarkStartableWorkflows'>
    ): Result<'findAndMarkStartableWorkflows'> {
      const claimed = await super.findAndMarkStartableWorkflows(...args);
      hooks.claimed(args[0].name, claimed.length);
      return claimed;
    }

    override trackRunningWorkflow(runId: string, entry: RunningWorkflowEntry, outcome: Promise<unknown>): void {
      super.trackRunningWorkflow(runId, entry, outcome);
      void entry.promise.then(() => hooks.released(runId, entry.queueName));
    }

    override async recordOperationResult(...args: Arguments<'recordOperationResult'>): Result<'recordOperationResult'> {
      const [runId, stepId, name] = args;
      // A transaction has told of its checkpoint, which it committed together with what it wrote.
      const isNews = !(this instanceof FastSystemDatabase && this.executionOf(runId)?.committed.has(stepId));
      if (isNews) hooks.probe('before', name);
      await super.recordOperationResult(...args);
      if (isNews) hooks.probe('after', name);
      hooks.recorded(runId);
    }

    override async recordWorkflowOutput(...args: Arguments<'recordWorkflowOutput'>): Result<'recordWorkflowOutput'> {
      hooks.probe('before', RUN_OUTCOME);
      const isRecorded = await super.recordWorkflowOutput(...args);
      hooks.probe('after', RUN_OUTCOME);
      if (isRecorded) hooks.outcome(args[0]);
      return isRecorded;
    }

    override async recordWorkflowError(...args: Arguments<'recordWorkflowError'>): Result<'recordWorkflowError'> {
      hooks.probe('before', RUN_OUTCOME);
      const isRecorded = await super.recordWorkflowError(...args);
      hooks.probe('after', RUN_OUTCOME);
      if (isRecorded) {
        hooks.failed(args[0], args[1].workflowName, args[1].error);
        hooks.outcome(args[0]);
      }
      return isRecorded;
    }

    override async writeStreamFromWorkflow(
      ...args: Arguments<'writeStreamFromWorkflow'>
    ): Result<'writeStreamFromWorkflow'> {
      await super.writeStreamFromWorkflow(...args);
      hooks.recorded(args[0]);
    }

    override async writeStreamFromStep(...args: Arguments<'writeStreamFromStep'>): Result<'writeStreamFromStep'> {
      await super.writeStreamFromStep(...args);
      hooks.recorded(args[0]);
    }

    /** Waits for the hint that the run has ended before it asks the database, instead of asking every second for every waiter. */
    override async awaitWorkflowResult(...args: Arguments<'awaitWorkflowResult'>): Result<'awaitWorkflowResult'> {
      const [runId, timeoutSeconds, callerId] = args;
      // Ours lets a run that waits for another one leave memory.
      const mayPark = kind === 'holdfast' && callerId !== undefined;
      if (timeoutSeconds === undefined && !mayPark) await untilEnded(this, hooks, runId, callerId);
      return super.awaitWorkflowResult(...args);
    }
  };
}

function parkingWith(hooks: EngineHooks): typeof SystemDatabase {
  return class extends ParkingSystemDatabase {
    protected override laneHasWork(lane: string): void {
      hooks.enqueued(lane);
    }

    protected override onEnd(runId: string, ended: () => void): () => void {
      return hooks.onEnd(runId, ended);
    }
  };
}

/** Resolves once the run has ended. @throws the SDK's own error as soon as the run that waits for it is cancelled */
async function untilEnded(
  database: SystemDatabase,
  hooks: EngineHooks,
  runId: string,
  callerId: string | undefined,
): Promise<void> {
  while (!(await hooks.ended(runId))) {
    if (callerId) await database.checkIfCanceledLimited(callerId);
  }
}
