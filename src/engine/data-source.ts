// The application's database as the SDK's data source: a transaction and its checkpoint are one commit, and a lost connection is never an outcome.

import { AsyncLocalStorage } from 'node:async_hooks';
import { DBOS } from '@dbos-inc/dbos-sdk';
import {
  type DataSourceTransactionHandler,
  DBOSStepAlreadyRecordedError,
  registerDataSource,
  runTransaction,
} from '@dbos-inc/dbos-sdk/datasource';
import type { Knex } from 'knex';
import { isConnectionError, isSerializationFailure } from '../core/connection-error.ts';
import { HoldfastError } from '../core/errors.ts';
import { isRecorded } from '../core/recorded-error.ts';
import { pause } from '../lib/pause.ts';
import type { Execution } from './history/execution.ts';
import type { FastSystemDatabase } from './history/fast-database.ts';
import type { CheckpointProbe } from './hooks.ts';
import {
  separateCheckpoint,
  stepCheckpoint,
  type TransactionCheckpoint,
  type TransactionStep,
} from './transaction-checkpoint.ts';

export interface TransactionSettings {
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readOnly?: boolean;
}

/** What the SDK hands through to the data source. */
type Settings = TransactionSettings & { name?: string };

const NAME = 'holdfast';
const FIRST_RETRY_MS = 20;
const SLOWEST_RETRY_MS = 2000;
/** SQLSTATE 25P02: the connection is fine, an earlier statement of the transaction failed. */
const IN_FAILED_TRANSACTION = '25P02';

const current = new AsyncLocalStorage<Knex.Transaction>();

/**
 * Returns the database transaction of the @transaction method that the caller runs in. What is written with it commits together
 * with the method's checkpoint. @throws HoldfastError `not_in_transaction` anywhere else
 */
export function db(): Knex.Transaction {
  const transaction = current.getStore();
  if (transaction) return transaction;
  throw new HoldfastError(
    'not_in_transaction',
    'db() was called outside a @transaction method: mark the method, or move the call into one.',
  );
}

/** Runs transactions on `db` for workflows; outside a workflow it runs them without a checkpoint. */
export class DataSource implements DataSourceTransactionHandler {
  readonly name = NAME;
  readonly #pool: Knex;
  readonly #application: string;
  readonly #probe: CheckpointProbe;
  #database: FastSystemDatabase | undefined;

  constructor(pool: Knex, application: string, probe: CheckpointProbe) {
    this.#pool = pool;
    this.#application = application;
    this.#probe = probe;
  }

  /** From now on transactions write the checkpoints of their steps themselves; without this they do it in the SDK's way. */
  checkpointWith(database: FastSystemDatabase): void {
    this.#database = database;
  }

  /** Makes the data source known to the SDK; before launch. */
  register(): void {
    registerDataSource(this);
  }

  /** Runs `body` as the transaction `name` and returns its result. */
  run<T>(name: string, settings: TransactionSettings, body: () => Promise<T>): Promise<T> {
    return runTransaction(body, name, { dsName: NAME, config: { ...settings, name } });
  }

  /**
   * Tells whether `error`, thrown by the body of the current transaction, is the database's and no outcome: the transaction lost
   * against another one, or its connection is gone. The same network error of somebody else leaves the connection usable.
   */
  async mustRetry(error: unknown): Promise<boolean> {
    if (isSerializationFailure(error)) return true;
    if (!isConnectionError(error)) return false;
    try {
      await db().raw('SELECT 1');
      return false;
    } catch (probe) {
      return (probe as { code?: unknown }).code !== IN_FAILED_TRANSACTION;
    }
  }

  /** The pool belongs to the app, which opens and closes it, and migrates the tables before launch. */
  async initialize(): Promise<void> {}

  async destroy(): Promise<void> {}

  /** A run that only ever executed here, and whose checkpoints are its steps' own rows, has left nothing to delete. */
  async deleteCheckpoints(runId: string, fromStep: number, beforeCommit?: () => Promise<void>): Promise<void> {
    if (fromStep === 0 && this.#database?.hasOwnCheckpointsOnly(runId)) return;
    await this.#pool.transaction(async (transaction) => {
      await transaction.raw(
        'DELETE FROM dbos.transaction_completion WHERE workflow_id = :runId AND function_num >= :fromStep',
        {
          runId,
          fromStep,
        },
      );
      await beforeCommit?.();
    });
  }

  async invokeTransactionFunction<This, Args extends unknown[], Return>(
    settings: Settings | undefined,
    target: This,
    body: (this: This, ...args: Args) => Promise<Return>,
    ...args: Args
  ): Promise<Return> {
    const attempt = (isRetry: boolean): Promise<Return> =>
      this.#attempt(settings ?? {}, isRetry, startedAt, () => body.call(target, ...args));
    const startedAt = Date.now();
    let isRetry = false;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, SLOWEST_RETRY_MS)) {
      try {
        return await attempt(isRetry);
      } catch (error) {
        // The outcome of a commit whose answer was lost is unknown: the next attempt looks for its checkpoint first.
        const retried =
          error instanceof DBOSStepAlreadyRecordedError || isConnectionError(error) || isSerializationFailure(error);
        if (!retried || isRecorded(error)) throw error;
        isRetry = true;
        await pause(wait * (0.5 + Math.random() / 2));
      }
    }
  }

  async #attempt<T>(settings: Settings, isRetry: boolean, startedAt: number, body: () => Promise<T>): Promise<T> {
    const runId = DBOS.workflowID;
    const stepId = DBOS.stepID;
    if (runId === undefined || stepId === undefined || settings.readOnly === true) {
      return this.#pool.transaction((transaction) => current.run(transaction, body), optionsOf(settings));
    }
    const step = { runId, stepId, name: settings.name ?? NAME, startedAt };
    const execution = this.#database?.executionOf(runId);
    const attempt = (): Promise<T> =>
      this.#checkpointed(this.#checkpointOf(step, settings, execution), step, settings, isRetry, body);
    // The run is not parked while its transaction is open.
    return execution ? execution.during(attempt) : attempt();
  }

  async #checkpointed<T>(
    checkpoint: TransactionCheckpoint,
    { name }: TransactionStep,
    settings: Settings,
    isRetry: boolean,
    body: () => Promise<T>,
  ): Promise<T> {
    const recorded = await checkpoint.find(isRetry);
    if (recorded) return recorded.value as T;
    const result = await this.#pool.transaction(async (transaction) => {
      const output = await current.run(transaction, body);
      this.#probe('before', name);
      await checkpoint.write(transaction, output);
      return output;
    }, optionsOf(settings));
    checkpoint.committed();
    this.#probe('after', name);
    return result;
  }

  /**
   * A transaction that must not see what others do meanwhile would lose against every checkpoint of the same run, and against those that
   * come to stand next to it; so its own is written in the SDK's way.
   */
  #checkpointOf(
    step: TransactionStep,
    { isolation }: Settings,
    execution: Execution | undefined,
  ): TransactionCheckpoint {
    const isStrict = isolation === 'repeatable read' || isolation === 'serializable';
    if (execution && !isStrict) return stepCheckpoint(this.#pool, execution, step, this.#application);
    return separateCheckpoint(this.#pool, step, () => {
      if (execution) execution.hasSeparateCheckpoints = true;
    });
  }
}

function optionsOf({ isolation, readOnly }: Settings): Knex.TransactionConfig {
  return { readOnly: readOnly === true, ...(isolation ? { isolationLevel: isolation } : {}) };
}
