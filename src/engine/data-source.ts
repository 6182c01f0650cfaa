// The application's database as the SDK's data source: a transaction and its checkpoint are one commit, and a lost connection is never an outcome.

import { AsyncLocalStorage } from 'node:async_hooks';
import { DBOS } from '@dbos-inc/dbos-sdk';
import {
  assertStillOwnsWorkflow,
  type DataSourceTransactionHandler,
  DBOSStepAlreadyRecordedError,
  registerDataSource,
  replayRecordedStep,
  runTransaction,
} from '@dbos-inc/dbos-sdk/datasource';
import type { Knex } from 'knex';
import { SuperJSON } from 'superjson';
import { isConnectionError, isSerializationFailure } from '../core/connection-error.ts';
import { HoldfastError } from '../core/errors.ts';
import { isRecorded } from '../core/recorded-error.ts';
import { pause } from '../lib/pause.ts';
import type { CheckpointProbe } from './hooks.ts';

export interface TransactionSettings {
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readOnly?: boolean;
}

/** What the SDK hands through to the data source. */
type Settings = TransactionSettings & { name?: string };

/** The step that a transaction is, where it is one. */
interface Place {
  runId: string;
  step: number;
  name: string;
}

const NAME = 'holdfast';
const FIRST_RETRY_MS = 20;
const SLOWEST_RETRY_MS = 5000;
/** SQLSTATE 25P02: the connection is fine, an earlier statement of the transaction failed. */
const IN_FAILED_TRANSACTION = '25P02';

interface Checkpoint {
  output: string | null;
  error: string | null;
}

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
  readonly #probe: CheckpointProbe;

  constructor(pool: Knex, probe: CheckpointProbe) {
    this.#pool = pool;
    this.#probe = probe;
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

  async deleteCheckpoints(runId: string, fromStep: number, beforeCommit?: () => Promise<void>): Promise<void> {
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
    const checkpointed = DBOS.workflowID !== undefined && DBOS.stepID !== undefined && settings?.readOnly !== true;
    const place = checkpointed
      ? { runId: DBOS.workflowID!, step: DBOS.stepID!, name: settings?.name ?? NAME }
      : undefined;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, SLOWEST_RETRY_MS)) {
      try {
        return await this.#attempt(place, settings ?? {}, () => body.call(target, ...args));
      } catch (error) {
        // The outcome of a commit whose answer was lost is unknown: the next attempt looks for its checkpoint first.
        const retried =
          error instanceof DBOSStepAlreadyRecordedError || isConnectionError(error) || isSerializationFailure(error);
        if (!retried || isRecorded(error)) throw error;
        await pause(wait * (0.5 + Math.random() / 2));
      }
    }
  }

  async #attempt<T>(place: Place | undefined, settings: Settings, body: () => Promise<T>): Promise<T> {
    const recorded = place && (await this.#recorded(place.runId, place.step));
    if (recorded) return replayRecordedStep<T>(recorded);
    const options: Knex.TransactionConfig = { readOnly: settings.readOnly === true };
    if (settings.isolation) options.isolationLevel = settings.isolation;
    const result = await this.#pool.transaction(async (transaction) => {
      const output = await current.run(transaction, body);
      if (place) await this.#record(transaction, place, SuperJSON.stringify(output));
      return output;
    }, options);
    if (place) this.#probe('after', place.name);
    return result;
  }

  async #recorded(runId: string, step: number): Promise<Checkpoint | undefined> {
    const { rows } = await this.#pool.raw<{ rows: Checkpoint[] }>(
      'SELECT output, error FROM dbos.transaction_completion WHERE workflow_id = :runId AND function_num = :step',
      { runId, step },
    );
    return rows[0];
  }

  async #record(transaction: Knex.Transaction, { runId, step, name }: Place, output: string): Promise<void> {
    this.#probe('before', name);
    const result = await transaction.raw<{ rowCount: number }>(
      `INSERT INTO dbos.transaction_completion (workflow_id, function_num, output) VALUES (:runId, :step, :output)
       ON CONFLICT (workflow_id, function_num) DO NOTHING`,
      { runId, step, output },
    );
    if (result.rowCount === 0) throw new DBOSStepAlreadyRecordedError(runId, step);
    await assertStillOwnsWorkflow(runId);
  }
}
