// Starts waiting runs at once: when one is enqueued and when a place is free, instead of at the SDK's next poll up to a second later.

import { AsyncLocalStorage } from 'node:async_hooks';
import { DBOS } from '@dbos-inc/dbos-sdk';
import type { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import type { WorkflowStatusInternal } from '@dbos-inc/dbos-sdk/internal/system_database';
import queueModule from '@dbos-inc/dbos-sdk/internal/wfqueue';
import type { WorkflowQueue } from '@dbos-inc/dbos-sdk/internal/wfqueue';
import { Claims } from './claim.ts';
import { FastSystemDatabase, type Place } from './history/fast-database.ts';
import type { EngineLog } from './logger.ts';
import { Look } from './look.ts';
import { Places } from './places.ts';
import { RecoveryRamp } from './recovery-ramp.ts';
import { RECOVERY_LANE } from './recovery-lane.ts';

/** The parts of the SDK's queue runner that are used here; they are private in its types. */
interface QueueRunner {
  states: Map<string, { queue: WorkflowQueue }>;
  pollQueue(executor: DBOSExecutor, queue: WorkflowQueue): Promise<boolean>;
  refreshDbQueues(executor: DBOSExecutor, now: number): Promise<void>;
}

const runner = queueModule.wfQueueRunner as unknown as QueueRunner;

/** Which lanes this process takes runs from: all of them, some, or none (a door). */
export type ListenTo = 'all' | readonly string[];

export interface DispatcherOptions {
  listenTo: ListenTo;
  /** Our own claim, or the SDK's, on the same tables. */
  kind: 'holdfast' | 'stock';
  /** Whose runs are taken, where several applications share the database. */
  application: string;
  /** The names of the workflows that this build has. */
  workflows: readonly string[];
  log: EngineLog;
}

/** A claim is a statement that locks its rows; several of this size get more done than one large one. */
const MOST_AT_ONCE = 250;
const REFRESH_EVERY_MS = 10_000;

/** Takes runs from lanes, one claim on a lane at a time; lanes do not wait for one another. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #polling = new Map<string, Promise<boolean>>();
  readonly #again = new Set<string>();
  /** Lanes that may have more to claim. */
  readonly #hungry = new Set<string>();
  readonly #places = new Places((lane) => this.released(lane));
  readonly #ramp = new RecoveryRamp();
  /** Runs begin outside of whatever made them claimable: a step, a transaction, a request. */
  readonly #outside = AsyncLocalStorage.snapshot();
  readonly #stockPoll = runner.pollQueue.bind(runner);
  #executor: DBOSExecutor | undefined;
  readonly #stockRefresh = runner.refreshDbQueues.bind(runner);
  #refreshedAt = -Infinity;
  #claims: Claims | undefined;
  #lookAround: Look | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    runner.pollQueue = (executor, lane) => this.#look(executor, lane);
    runner.refreshDbQueues = (executor, now) => this.#refresh(executor, now);
  }

  /** From now on runs are taken: the SDK is up, and its runner knows the lanes that were just declared. */
  async start(executor: DBOSExecutor): Promise<void> {
    await runner.refreshDbQueues(executor, Date.now());
    const { application, workflows } = this.#options;
    const { executorID: executorId, systemDatabase } = executor;
    this.#places.watch(systemDatabase);
    this.#claims = new Claims(systemDatabase, { executorId, application, workflows, version: DBOS.applicationVersion });
    this.#lookAround = new Look(this.#claims);
    this.#executor = executor;
    if (systemDatabase instanceof FastSystemDatabase) systemDatabase.reserve = (lane) => this.reserve(lane);
    this.enqueuedAnywhere();
  }

  /** There is a run to claim in `lane`. */
  enqueued(lane: string): void {
    this.#hungry.add(lane);
    this.#poke(lane);
  }

  /** There may be runs to claim in every lane of which nobody told us. */
  enqueuedAnywhere(): void {
    for (const lane of runner.states.keys()) this.enqueued(lane);
  }

  /**
   * Returns a place for a run of `lane` that is about to be recorded, so that it need not wait there to be claimed. Undefined when there
   * is none, when others wait already or are being claimed, or when the lane has limits that count over all processes.
   */
  reserve(lane: string): Place | undefined {
    const queue = runner.states.get(lane)?.queue;
    const executor = this.#executor;
    if (!executor || !queue || this.#hungry.has(lane) || !this.#takesFrom(lane) || hasSharedLimits(queue))
      return undefined;
    // A claim that is under way has counted the free places before.
    if (this.#polling.has(lane) || this.#places.taken(lane) >= (queue.workerConcurrency ?? Infinity)) return undefined;
    const giveBack = this.#places.reserve(lane);
    return {
      begin: (run, ownerToken) => {
        // A process that stops begins nothing: it hands the run over.
        const begun = this.#executor ? this.#execute(executor, run, ownerToken) : Promise.resolve();
        void begun.finally(giveBack);
      },
      giveBack,
    };
  }

  /** A place in `lane` is free; worth a poll only when the last one found runs. */
  released(lane: string | undefined): void {
    if (lane !== undefined && this.#hungry.has(lane)) this.#poke(lane);
  }

  /** A claim on `lane` took `count` runs; none means that there is nothing to come back for. */
  claimed(lane: string, count: number): void {
    if (count > 0) this.#hungry.add(lane);
    else if (!this.#again.has(lane)) this.#hungry.delete(lane);
  }

  /** Takes no further runs, and waits for claims that are under way. */
  async stop(): Promise<void> {
    this.#executor = undefined;
    runner.pollQueue = async () => false;
    await Promise.allSettled(this.#polling.values());
  }

  /** Gives the SDK's runner its own ways back. */
  restore(): void {
    runner.pollQueue = this.#stockPoll;
    runner.refreshDbQueues = this.#stockRefresh;
  }

  #poke(lane: string): void {
    const queue = runner.states.get(lane)?.queue;
    if (!this.#executor || !queue) return;
    if (this.#polling.has(lane)) this.#again.add(lane);
    else setImmediate(() => this.#executor && void this.#poll(this.#executor, queue));
  }

  /** The SDK's runner reads the limits of all lanes each second; they are as this process has declared them. */
  async #refresh(executor: DBOSExecutor, now: number): Promise<void> {
    if (this.#executor && performance.now() - this.#refreshedAt < REFRESH_EVERY_MS) return;
    this.#refreshedAt = performance.now();
    await this.#stockRefresh(executor, now);
  }

  /** The SDK's runner asks for each lane once a second, which is the safety net for what nobody told us. */
  async #look(executor: DBOSExecutor, lane: WorkflowQueue): Promise<boolean> {
    if (!this.#executor || !this.#takesFrom(lane.name)) return false;
    const isOurs = this.#options.kind === 'holdfast' && !queueModule.isPartitionedQueue(lane);
    if (!isOurs || this.#hungry.has(lane.name)) return this.#poll(executor, lane);
    try {
      const lanes = (): string[] => [...runner.states.keys()].filter((name) => this.#takesFrom(name));
      if (!(await this.#lookAround!.hasWork(lane.name, lanes))) return false;
    } catch (error) {
      this.#options.log.warn(`Lanes could not be looked at, trying again in a second: ${(error as Error).message}`);
      return false;
    }
    return this.#poll(executor, lane);
  }

  /** Returns whether the SDK's runner should poll less often; ours never fights over a lane. */
  async #poll(executor: DBOSExecutor, lane: WorkflowQueue): Promise<boolean> {
    if (!this.#executor || !this.#takesFrom(lane.name)) return false;
    const underWay = this.#polling.get(lane.name);
    if (underWay) return underWay;
    const poll = this.#claim(executor, lane);
    this.#polling.set(lane.name, poll);
    try {
      return await poll;
    } finally {
      this.#polling.delete(lane.name);
      if (this.#again.delete(lane.name)) this.#poke(lane.name);
    }
  }

  async #claim(executor: DBOSExecutor, lane: WorkflowQueue): Promise<boolean> {
    if (lane.name === RECOVERY_LANE) {
      lane.workerConcurrency = this.#ramp.width(this.#places.taken(lane.name), performance.now());
    }
    if (this.#options.kind === 'stock' || queueModule.isPartitionedQueue(lane)) return this.#stockPoll(executor, lane);
    try {
      await this.#claimOurWay(executor, lane);
    } catch (error) {
      this.#options.log.warn(
        `Runs of lane '${lane.name}' could not be taken, trying again in a second: ${(error as Error).message}`,
      );
    }
    return false;
  }

  async #claimOurWay(executor: DBOSExecutor, lane: WorkflowQueue): Promise<void> {
    const free = (lane.workerConcurrency ?? Infinity) - this.#places.taken(lane.name);
    if (free <= 0) {
      // Somebody may wait there of whom we were not told; no run that starts here may pass before it for ever.
      this.#hungry.add(lane.name);
      return;
    }
    const most = Math.min(free, MOST_AT_ONCE);
    const database = executor.systemDatabase;
    const at = performance.now();
    const { ownerToken, runs } = await this.#claims!.take(lane, most);
    this.claimed(lane.name, runs.length);
    if (runs.length === most && most < free) this.#again.add(lane.name);
    for (const run of runs) {
      if (database instanceof FastSystemDatabase) database.claimed(run.workflowUUID, ownerToken, at);
      await this.#execute(executor, run, ownerToken);
    }
  }

  /** The run begins; nothing here waits for its end. */
  async #execute(executor: DBOSExecutor, run: WorkflowStatusInternal, ownerToken: string): Promise<void> {
    try {
      await this.#outside(() => executor.executeDequeuedWorkflow(run, ownerToken));
    } catch (error) {
      // Where the SDK has recorded what it says (a dead letter, an input that cannot be read), there is nothing to put back.
      this.#options.log.warn(`Run '${run.workflowUUID}' could not be started here: ${(error as Error).message}`);
      const database = executor.systemDatabase;
      if (database instanceof FastSystemDatabase) database.forget(run.workflowUUID);
      await this.#claims!.postpone(run.workflowUUID, ownerToken);
    }
  }

  #takesFrom(lane: string): boolean {
    const { listenTo } = this.#options;
    if (listenTo === 'all') return true;
    return listenTo.includes(lane) || (lane === RECOVERY_LANE && listenTo.length > 0);
  }
}

function hasSharedLimits(lane: WorkflowQueue): boolean {
  return lane.concurrency !== undefined || lane.rateLimit !== undefined || queueModule.isPartitionedQueue(lane);
}
