// The calls of one process that wait for room: in the body of their step for a moment, and then outside of it.

import { WaitForRoom } from '../../core/wait-for-room.ts';
import type { CallScope, PlannedCall } from '../calls/call.ts';
import { Bodies } from './bodies.ts';
import type { AskingCall, AskingWait, Granted } from './round.ts';

/** A call that waits longer than this leaves the body of its step. */
export const LONGEST_IN_BODY_MS = 250;
/** Room that a step has got outside of its body is there for its body this long; then the database gives it back. */
const KEPT_MS = 50_000;
const LONGEST_FORESEEN_MS = 60_000;

/** A call that waits. */
export interface Waiter {
  wait: AskingWait;
  since: number;
  /** Called when there is room. */
  granted: (granted: Granted) => void;
  /** Told in how many milliseconds there will be room; may give the wait up. */
  foreseen: (ms: number) => void;
  /** Whether the call is made as soon as there is room. */
  isHere: boolean;
}

/** Where calls of the same step wait for the same. */
interface Spot {
  runId: string;
  stepId: number;
  bucket: string;
}

/** Returns where a call of a run waits; undefined for one outside of runs. */
export function spotOf({ runId, stepId }: Pick<CallScope, 'runId' | 'stepId'>, bucket: string): Spot | undefined {
  return runId === undefined || stepId === undefined ? undefined : { runId, stepId, bucket };
}

export class WaitingCalls {
  readonly bodies = new Bodies();
  readonly #waiters = new Set<Waiter>();
  /** Room of steps that are outside of their bodies, by the spot. */
  readonly #kept = new Map<string, (Granted & { until: number })[]>();
  #removed: string[] = [];

  get size(): number {
    return this.#waiters.size;
  }

  /** Rows that are to be removed with the next round. */
  get removed(): readonly string[] {
    return this.#removed;
  }

  /** Returns the buckets that calls wait for. */
  keys(): Set<string> {
    return new Set([...this.#waiters].flatMap(({ wait }) => (wait.also ? [wait.bucket, wait.also] : [wait.bucket])));
  }

  /** Returns all that wait, as a round takes them. */
  asking(): { waiter: Waiter; call: AskingCall }[] {
    const now = performance.now();
    return [...this.#waiters].map((waiter) => {
      const { wait, since, isHere } = waiter;
      return { waiter, call: { wait, waitedMs: now - since, isHere } };
    });
  }

  /** Takes the room that was kept for a call of this step, and returns for how many tokens it is; undefined where there is none. */
  takeKept(spot: Spot | undefined): number | undefined {
    if (this.#kept.size === 0 || !spot) return undefined;
    const key = keyOf(spot);
    const kept = this.#kept.get(key)?.filter(({ until }) => until > performance.now()) ?? [];
    const first = kept.shift();
    if (kept.length > 0) this.#kept.set(key, kept);
    else this.#kept.delete(key);
    if (first) this.#removed.push(first.rowId);
    return first?.tokens;
  }

  /** Returns the first number that no call has which waits at this spot. */
  freeAt(spot: Spot | undefined): number {
    if (!spot) return 0;
    const isAt = ({ wait }: Waiter): boolean =>
      wait.runId === spot.runId && wait.stepId === spot.stepId && wait.bucket === spot.bucket;
    const numbers = new Set([...this.#waiters].filter(isAt).map(({ wait }) => wait.ordinal));
    let free = 0;
    while (numbers.has(free)) free += 1;
    return free;
  }

  /**
   * Waits in the body of a step until there is room, and returns for how many tokens. `changed` is called when there is somebody new to ask for.
   * @throws WaitForRoom when that takes too long for a step of a run that has called nothing else; the signal's reason when it is aborted
   */
  async inBody(call: PlannedCall, wait: AskingWait, changed: () => void): Promise<number> {
    const { signal } = call.scope;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const spot = spotOf(call.scope, wait.bucket);
    const since = performance.now();
    const leave = (waitMs: number): void => {
      if (!this.bodies.mayBeLeft(call.scope)) return;
      this.#waiters.delete(waiter);
      const listen = (ended: () => void): (() => void) => this.#outside(wait, since, ended, changed);
      reject(new WaitForRoom(call.endpoint.name, Math.min(waitMs, LONGEST_FORESEEN_MS), listen, true));
    };
    // Nobody leaves without a place in line: its run could be parked, and would be woken by nobody.
    let hasPlace = false;
    let isLate = false;
    const waiter: Waiter = {
      wait,
      since,
      isHere: true,
      granted: ({ tokens }) => {
        this.bodies.began(call.scope);
        resolve(tokens);
      },
      foreseen: (ms) => {
        hasPlace = true;
        if (spot && (isLate || ms + performance.now() - since > LONGEST_IN_BODY_MS)) leave(ms);
      },
    };
    const isUp = (): void => {
      isLate = true;
      if (hasPlace) leave(LONGEST_IN_BODY_MS);
    };
    const timer = spot && setTimeout(isUp, LONGEST_IN_BODY_MS);
    const giveUp = (): void => {
      this.#waiters.delete(waiter);
      this.#removed.push(wait.id);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    this.#waiters.add(waiter);
    changed();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Nothing is to be removed any more that a round has removed. */
  forget(removed: readonly string[]): void {
    const gone = new Set(removed);
    this.#removed = this.#removed.filter((id) => !gone.has(id));
  }

  /** Whether the call still waits. */
  isWanted(waiter: Waiter): boolean {
    return this.#waiters.has(waiter);
  }

  /** Steps that were cancelled before their bodies were called again do not take up what was kept for them. */
  #forgetKept(): void {
    const now = performance.now();
    for (const [key, kept] of this.#kept) if (kept.every(({ until }) => until <= now)) this.#kept.delete(key);
  }

  /** A step listens outside of its body: its call is granted, and the body that is called again finds that. */
  #outside(wait: AskingWait, since: number, ended: () => void, changed: () => void): () => void {
    const spot = { runId: wait.runId!, stepId: wait.stepId!, bucket: wait.bucket };
    const waiter: Waiter = {
      wait,
      since,
      isHere: false,
      granted: (granted) => {
        this.#waiters.delete(waiter);
        this.#forgetKept();
        const key = keyOf(spot);
        const kept = { ...granted, until: performance.now() + KEPT_MS };
        this.#kept.set(key, [...(this.#kept.get(key) ?? []), kept]);
        ended();
      },
      foreseen: () => {},
    };
    this.#waiters.add(waiter);
    changed();
    return () => void this.#waiters.delete(waiter);
  }
}

function keyOf({ runId, stepId, bucket }: Spot): string {
  return `${runId}/${stepId}/${bucket}`;
}
