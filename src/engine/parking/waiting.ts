// Waiting inside a run: for a moment in memory, and then, when the run does nothing else, without any.

import { isWorthParking, mergeWaits, type Wait } from '../../core/parking.ts';
import type { DatabaseClock } from '../clock.ts';
import type { Execution } from '../history/execution.ts';
import type { ParkedRuns } from './parked-runs.ts';
import type { Wakes } from './wakes.ts';

/** Lets a wait end: calls `ended` when it is worth a look whether it has. Returns how to stop that. */
export type Listen = (ended: () => void) => () => void;

/** How long a run must have done nothing but wait before it is parked. Most answers come sooner, or not for a long time. */
const GRACE_MS = 100;
/** The same where it waits for a run that executes in this process: that is in memory anyway, and most likely ends before long. */
const GRACE_WITH_CHILD_MS = 2000;
/** A wait in memory looks again this often, should a notification be lost. */
const LOOK_AGAIN_MS = 10_000;

export interface WaitingOptions {
  runs: ParkedRuns;
  wakes: Wakes;
  clock: DatabaseClock;
  /** Whether a run executes in this process. */
  runsHere: (runId: string) => boolean;
  /** Takes a parked run out of this process. */
  onParked: (execution: Execution) => void;
  /** Runs a statement until the database is there to answer it. */
  retried: <T>(operation: () => Promise<T>) => Promise<T>;
}

/** Waits on behalf of the runs of this process. */
export class Waiting {
  readonly #options: WaitingOptions;
  /** What runs wait for in memory, each with how to give it up. */
  readonly #waits = new WeakMap<Execution, Map<Wait, () => void>>();
  readonly #considered = new WeakSet<Execution>();

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /**
   * Resolves when it is worth a look whether the wait is over: `listen` said so, its time is up, or nothing happened for ten seconds.
   * Never resolves in this process when the run was parked meanwhile.
   */
  async wait(execution: Execution, wait: Wait, listen: Listen): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopListening = listen(resolve);
    const left = wait.until === undefined ? Infinity : wait.until - this.#options.clock.now();
    const timer = setTimeout(resolve, Math.min(Math.max(0, left), LOOK_AGAIN_MS));
    const giveUp = (): void => {
      clearTimeout(timer);
      stopListening();
    };
    const waits = this.#waits.get(execution) ?? new Map<Wait, () => void>();
    this.#waits.set(execution, waits.set(wait, giveUp));
    this.#consider(execution);
    try {
      await promise;
      await execution.settled();
    } finally {
      giveUp();
      waits.delete(wait);
      execution.touch();
      if (waits.size > 0) this.#consider(execution);
    }
  }

  /** Looks after the grace whether the run does nothing but wait. */
  #consider(execution: Execution): void {
    if (this.#considered.has(execution)) return;
    this.#considered.add(execution);
    setTimeout(() => {
      this.#considered.delete(execution);
      const waits = this.#waits.get(execution);
      if (!waits || waits.size === 0) return;
      if (execution.isBusy || execution.quietMs() < this.#grace(waits)) this.#consider(execution);
      else {
        this.#park(execution, waits).catch(() => {
          // It goes on waiting in memory. Where the database refuses this, it refuses the run's next checkpoint, too.
        });
      }
    }, GRACE_MS).unref();
  }

  #grace(waits: ReadonlyMap<Wait, unknown>): number {
    for (const wait of waits.keys()) {
      if (wait.kind === 'run' && this.#options.runsHere(wait.runId)) return GRACE_WITH_CHILD_MS;
    }
    return GRACE_MS;
  }

  async #park(execution: Execution, waits: Map<Wait, () => void>): Promise<void> {
    const { runs, wakes, clock, onParked, retried } = this.#options;
    const parking = mergeWaits(waits.keys());
    if (!isWorthParking(parking, clock.now())) return;
    const { runId, token } = execution;
    const isParked = await execution.park(() => retried(() => runs.park({ runId, token, ...parking })));
    if (!isParked) return;
    for (const giveUp of waits.values()) giveUp();
    onParked(execution);
    wakes.parked(runId);
  }
}
