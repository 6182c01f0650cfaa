// Starts waiting runs at once: when one is enqueued and when a place is free, instead of at the SDK's next poll up to a second later.

import queueModule from '@dbos-inc/dbos-sdk/internal/wfqueue';
import type { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor';
import { RECOVERY_LANE } from './system-database.ts';

/** The parts of the SDK's queue runner that are used here; they are private in its types. */
interface QueueRunner {
  states: Map<string, { queue: { name: string } }>;
  pollQueue(executor: DBOSExecutor, queue: { name: string }): Promise<boolean>;
  refreshDbQueues(executor: DBOSExecutor, now: number): Promise<void>;
}

const runner = queueModule.wfQueueRunner as unknown as QueueRunner;

/** Which lanes this process takes runs from: all of them, some, or none (a door). */
export type ListenTo = 'all' | readonly string[];

/** Polls lanes on demand, one poll of a lane at a time. */
export class Dispatcher {
  readonly #listenTo: ListenTo;
  readonly #polling = new Map<string, Promise<boolean>>();
  readonly #again = new Set<string>();
  readonly #hungry = new Set<string>();
  readonly #stockPoll = runner.pollQueue.bind(runner);
  #executor: DBOSExecutor | undefined;

  constructor(listenTo: ListenTo) {
    this.#listenTo = listenTo;
    runner.pollQueue = (executor, queue) => this.#poll(executor, queue);
  }

  /** From now on runs are taken: the SDK is up, and its runner knows the lanes that were just declared. */
  async start(executor: DBOSExecutor): Promise<void> {
    await runner.refreshDbQueues(executor, Date.now());
    this.#executor = executor;
    for (const lane of runner.states.keys()) this.enqueued(lane);
  }

  /** There is a run to claim in `lane`. */
  enqueued(lane: string): void {
    this.#hungry.add(lane);
    this.#poke(lane);
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

  /** Gives the SDK's runner its own poll back. */
  restore(): void {
    runner.pollQueue = this.#stockPoll;
  }

  #poke(lane: string): void {
    const queue = runner.states.get(lane)?.queue;
    if (!this.#executor || !queue) return;
    if (this.#polling.has(lane)) this.#again.add(lane);
    else setImmediate(() => this.#executor && void this.#poll(this.#executor, queue));
  }

  async #poll(executor: DBOSExecutor, queue: { name: string }): Promise<boolean> {
    if (!this.#executor || !this.#takesFrom(queue.name)) return false;
    const underWay = this.#polling.get(queue.name);
    if (underWay) return underWay;
    const poll = this.#stockPoll(executor, queue);
    this.#polling.set(queue.name, poll);
    try {
      return await poll;
    } finally {
      this.#polling.delete(queue.name);
      if (this.#again.delete(queue.name)) this.#poke(queue.name);
    }
  }

  #takesFrom(lane: string): boolean {
    if (this.#listenTo === 'all') return true;
    return this.#listenTo.includes(lane) || (lane === RECOVERY_LANE && this.#listenTo.length > 0);
  }
}
