// Wakes parked runs: at once when this process caused what they wait for, and slowly for what nobody told us of.

import { pause } from '../../lib/pause.ts';
import type { EngineLog } from '../logger.ts';
import type { ParkedRuns, WakeReason } from './parked-runs.ts';

/** Whoever sends a message wakes its receiver. Others who hear of it look a little later, in case the sender has died in between. */
const HEARSAY_MS = 500;
const SWEEP_MS = 60_000;
const FIRST_RETRY_MS = 100;
const SLOWEST_RETRY_MS = 5000;
/** The SDK asks once a second; what is due before it asks again is looked after to the millisecond. */
const PRECISE_WITHIN_MS = 1500;

export interface WakeOptions {
  /** A run became claimable in this lane. */
  onLane: (lane: string) => void;
  /** The database's time in milliseconds, and when the question was sent and answered, by `performance.now()`. */
  onTime: (databaseMs: number, sentAt: number, receivedAt: number) => void;
  log: Pick<EngineLog, 'warn'>;
}

/** Wakes runs on behalf of one process. */
export class Wakes {
  readonly #runs: ParkedRuns;
  readonly #options: WakeOptions;
  #reasons = new Map<string, WakeReason>();
  #hearsay = new Map<string, WakeReason>();
  #parked: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #hearsayTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #transition: Promise<void> | undefined;
  #isClosed = false;

  constructor(runs: ParkedRuns, options: WakeOptions) {
    this.#runs = runs;
    this.#options = options;
    this.#scheduleSweep();
  }

  /** This process has done what parked runs may wait for. */
  wake(reason: WakeReason): void {
    if (this.#reasons.size === 0) setImmediate(() => void this.#wakeNow());
    this.#reasons.set(keyOf(reason), reason);
  }

  /** Somebody has sent a message. */
  heard(reason: WakeReason): void {
    if (this.#isClosed) return;
    this.#hearsay.set(keyOf(reason), reason);
    this.#hearsayTimer ??= setTimeout(() => {
      this.#hearsayTimer = undefined;
      const reasons = [...this.#hearsay.values()];
      this.#hearsay = new Map();
      void this.#attempt(() => this.#runs.wake(reasons));
    }, HEARSAY_MS).unref();
  }

  /** These runs have got what they wait for in a way that nothing here knows of. Those that are not parked are left alone. */
  wakeRuns(runIds: readonly string[]): void {
    void this.#attempt(() => this.#runs.wakeRuns(runIds));
  }

  /** This run was just parked; it is woken again when what it waits for has come meanwhile. */
  parked(runId: string): void {
    if (this.#parked.push(runId) > 1) return;
    setImmediate(() => {
      const runIds = this.#parked;
      this.#parked = [];
      void this.#attempt(async () => {
        const due = await this.#runs.due(runIds);
        return due.length > 0 ? this.#runs.wakeRuns(due) : [];
      });
    });
  }

  /** Puts the runs whose time has come into their lanes, now and until the SDK asks again. */
  async transition(): Promise<void> {
    this.#transition ??= this.#transitionNow().finally(() => (this.#transition = undefined));
    return this.#transition;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#hearsayTimer);
    clearTimeout(this.#sweepTimer);
  }

  async #wakeNow(): Promise<void> {
    const reasons = [...this.#reasons.values()];
    this.#reasons = new Map();
    await this.#attempt(() => this.#runs.wake(reasons));
  }

  async #transitionNow(): Promise<void> {
    for (;;) {
      const sentAt = performance.now();
      const { lanes, next, now, isFull } = await this.#runs.transition();
      this.#options.onTime(now, sentAt, performance.now());
      for (const lane of lanes) this.#options.onLane(lane);
      if (isFull) continue;
      clearTimeout(this.#timer);
      const wait = next === undefined ? Infinity : Math.max(0, next - now);
      if (wait > PRECISE_WITHIN_MS || this.#isClosed) return;
      this.#timer = setTimeout(() => void this.transition().catch(() => {}), Math.ceil(wait)).unref();
      return;
    }
  }

  #scheduleSweep(): void {
    this.#sweepTimer = setTimeout(
      () => {
        void this.#attempt(async () => {
          const missed = await this.#runs.missed();
          return missed.length > 0 ? this.#runs.wakeRuns(missed) : [];
        });
        this.#scheduleSweep();
      },
      SWEEP_MS * (0.5 + Math.random()),
    ).unref();
  }

  /** Looks for runs whose wake nobody told us of, or which somebody who has died owed them. */
  sweep(): void {
    void this.#attempt(async () => {
      const missed = await this.#runs.missed();
      return missed.length > 0 ? this.#runs.wakeRuns(missed) : [];
    });
  }

  /** A wake is tried until it succeeds: a moment without a database must not cost the run a minute. */
  async #attempt(wake: () => Promise<string[]>): Promise<void> {
    for (let wait = FIRST_RETRY_MS; !this.#isClosed; wait = Math.min(wait * 2, SLOWEST_RETRY_MS)) {
      try {
        for (const lane of new Set(await wake())) this.#options.onLane(lane);
        return;
      } catch (error) {
        this.#options.log.warn(`Waiting runs could not be woken, trying again: ${(error as Error).message}`);
      }
      await pause(wait);
    }
  }
}

function keyOf(reason: WakeReason): string {
  return reason.kind === 'message' ? `${reason.runId}::${reason.topic}` : reason.endedRunId;
}
