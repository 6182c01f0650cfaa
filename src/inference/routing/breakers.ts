// The breakers of a process's endpoints: what it has counted itself, and what all processes know. A call of an endpoint that is well
// costs no statement: only changes are written, and what others have written is looked at beside the calls.

import type { Knex } from 'knex';
import {
  admits,
  type Breaker,
  counted,
  freshTally,
  isFailing,
  nextLevel,
  pauseMs,
  PROBE_MS,
  type Tally,
} from '../../core/breaker.ts';
import type { FailureRule } from '../../core/model-failures.ts';
import type { EngineLog } from '../../engine/logger.ts';
import {
  closeBreaker,
  endpointHealth,
  type HealthKey,
  type HealthRow,
  leaveProbe,
  openBreaker,
  takeProbe,
} from '../../store/endpoint-health.ts';
import type { Endpoint } from '../registry/endpoint.ts';

/** While calls are made, what others have written is not known later than this. */
const LOOK_EVERY_MS = 1000;

/** What is shown of a breaker. Times are ISO 8601 with milliseconds, UTC. */
export interface BreakerView {
  /** `half_open`: one call may try whether the endpoint is well again. */
  state: 'closed' | 'open' | 'half_open';
  /** Until when the endpoint is left alone. */
  until: string | null;
  /** The code of the failure because of which it is. */
  reason: string | null;
}

/** A call that was let through. Exactly one of its methods is called. */
export interface Admission {
  isProbe: boolean;
  worked(): void;
  failed(rule: FailureRule['endpoint'], code: string, retryAfterMs: number | undefined): void;
  /** The call was not made, or says nothing of the endpoint. */
  left(): void;
}

/** Where the state is kept that all processes share, and who is told when that fails. */
export interface SharedHealth {
  db: Knex;
  log: Pick<EngineLog, 'warn'>;
}

type Known = Pick<Endpoint, 'name' | 'target'>;

/** After so long a probe that was not ours is asked for again, if nobody is known to make it. */
const ASK_AGAIN_MS = 100;

export class Breakers {
  readonly #tallies = new Map<string, Tally>();
  #breakers = new Map<string, Breaker>();
  #shared: SharedHealth | undefined;
  #lookedAt = -Infinity;
  #looking: Promise<void> | undefined;
  readonly #writing = new Set<Promise<void>>();
  #changes = 0;

  /** From now on the state is shared. */
  share(shared: SharedHealth): void {
    this.#shared = shared;
  }

  /** Returns what the breaker of `endpoint` lets through, and in how many milliseconds to ask again when that is nothing. */
  state(endpoint: Known): { admits: ReturnType<typeof admits>; reason?: string; waitMs: number } {
    this.#lookAround();
    const now = performance.now();
    const breaker = this.#breakers.get(keyOf(endpoint));
    if (breaker?.state !== 'open') return { admits: 'all', waitMs: 0 };
    // A probe is mostly over long before its time.
    const waitMs =
      breaker.until > now ? breaker.until - now : Math.min(LOOK_EVERY_MS, Math.max(0, breaker.probeUntil - now));
    return { admits: admits(breaker, now), reason: breaker.reason, waitMs };
  }

  /** Lets a call through, as the probe where one is due; undefined when the endpoint is left alone. */
  async admit(endpoint: Known): Promise<Admission | undefined> {
    const { admits: what } = this.state(endpoint);
    if (what === 'none') return undefined;
    if (what === 'all') return this.#admission(endpoint, false);
    return (await this.#probe(endpoint)) ? this.#admission(endpoint, true) : undefined;
  }

  /** Returns what is known by now. */
  view(endpoint: Known): BreakerView {
    const breaker = this.#breakers.get(keyOf(endpoint));
    if (breaker?.state !== 'open') return { state: 'closed', until: null, reason: null };
    const waitMs = breaker.until - performance.now();
    const until = new Date(Date.now() + waitMs).toISOString();
    return { state: waitMs > 0 ? 'open' : 'half_open', until, reason: breaker.reason };
  }

  /** Has `view` show what others have written by now. */
  async look(): Promise<void> {
    await Promise.all(this.#writing);
    await (this.#looking ??= this.#read().finally(() => (this.#looking = undefined)));
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await Promise.all([...this.#writing, this.#looking]);
    this.#shared = undefined;
  }

  #lookAround(): void {
    if (!this.#shared || this.#looking || performance.now() - this.#lookedAt < LOOK_EVERY_MS) return;
    void this.look();
  }

  async #read(): Promise<void> {
    const shared = this.#shared;
    if (!shared) return;
    this.#lookedAt = performance.now();
    const changes = this.#changes;
    try {
      const rows = await endpointHealth(shared.db);
      const now = performance.now();
      // What we have come to know meanwhile is newer than what was read.
      if (changes !== this.#changes) return;
      this.#breakers = new Map(rows.map((row) => [rowKey(row), breakerOf(row, now)]));
      // What was counted before somebody had it left alone says nothing of it after its recovery.
      for (const row of rows) if (row.state === 'open') this.#tallies.delete(rowKey(row));
    } catch (error) {
      shared.log.warn(`What other processes know of endpoints could not be read: ${(error as Error).message}`);
    }
  }

  #admission(endpoint: Known, isProbe: boolean): Admission {
    return {
      isProbe,
      worked: () => {
        if (isProbe) this.#close(endpoint);
        else this.#count(endpoint, false);
      },
      failed: (rule, code, retryAfterMs) => {
        if (rule === 'works') return isProbe ? this.#close(endpoint) : this.#count(endpoint, false);
        if (rule === 'unknown') return isProbe ? this.#leave(endpoint) : undefined;
        // Whoever was let through before it was left alone says nothing new.
        if (!isProbe && this.state(endpoint).admits !== 'all') return undefined;
        const tally = this.#count(endpoint, true);
        if (isProbe || rule === 'broken' || isFailing(tally)) this.#open(endpoint, code, retryAfterMs);
      },
      left: () => {
        if (isProbe) this.#leave(endpoint);
      },
    };
  }

  #count(endpoint: Known, hasFailed: boolean): Tally {
    const now = performance.now();
    const key = keyOf(endpoint);
    const tally = counted(this.#tallies.get(key) ?? freshTally(now), hasFailed, now);
    this.#tallies.set(key, tally);
    return tally;
  }

  #open(endpoint: Known, reason: string, retryAfterMs: number | undefined): void {
    const now = performance.now();
    const level = nextLevel(this.#breakers.get(keyOf(endpoint)), now);
    const pause = pauseMs(level, Math.random(), retryAfterMs);
    this.#set(endpoint, { state: 'open', level, until: now + pause, probeUntil: 0, reason });
    this.#tallies.delete(keyOf(endpoint));
    this.#write((db) => openBreaker(db, { ...healthKey(endpoint), level, reason, pauseMs: pause }));
  }

  #close(endpoint: Known): void {
    const level = this.#breakers.get(keyOf(endpoint))?.level ?? 0;
    this.#set(endpoint, { state: 'closed', level, closedAt: performance.now() });
    this.#write((db) => closeBreaker(db, healthKey(endpoint)));
  }

  #leave(endpoint: Known): void {
    const breaker = this.#breakers.get(keyOf(endpoint));
    if (breaker?.state === 'open') this.#set(endpoint, { ...breaker, probeUntil: 0 });
    this.#write((db) => leaveProbe(db, healthKey(endpoint)));
  }

  async #probe(endpoint: Known): Promise<boolean> {
    const breaker = this.#breakers.get(keyOf(endpoint));
    if (breaker?.state !== 'open') return false;
    // Nobody else in this process asks meanwhile.
    this.#set(endpoint, { ...breaker, probeUntil: performance.now() + PROBE_MS });
    if (!this.#shared) return true;
    await Promise.all(this.#writing);
    const isOurs = await takeProbe(this.#shared.db, { ...healthKey(endpoint), probeMs: PROBE_MS }).catch(() => false);
    if (!isOurs) {
      this.#changes += 1;
      this.#lookedAt = -Infinity;
      this.#breakers.set(keyOf(endpoint), { ...breaker, probeUntil: performance.now() + ASK_AGAIN_MS });
    }
    return isOurs;
  }

  #set(endpoint: Known, breaker: Breaker): void {
    this.#changes += 1;
    this.#breakers.set(keyOf(endpoint), breaker);
  }

  /** Calls do not wait for it. What could not be written is known to this process alone. */
  #write(change: (db: Knex) => Promise<void>): void {
    const shared = this.#shared;
    if (!shared) return;
    const before = [...this.#writing];
    const writing: Promise<void> = Promise.all(before)
      .then(() => change(shared.db))
      .catch((error: unknown) =>
        shared.log.warn(`What became of an endpoint could not be written: ${(error as Error).message}`),
      )
      .finally(() => {
        this.#changes += 1;
        this.#writing.delete(writing);
      });
    this.#writing.add(writing);
  }
}

function keyOf({ name, target }: Known): string {
  return `${name} ${target}`;
}

function rowKey({ endpoint, target }: HealthKey): string {
  return keyOf({ name: endpoint, target });
}

function healthKey({ name, target }: Known): HealthKey {
  return { endpoint: name, target };
}

function breakerOf({ state, level, reason, changedInMs, openInMs, probeInMs }: HealthRow, now: number): Breaker {
  if (state === 'closed') return { state, level, closedAt: now + changedInMs };
  return { state, level, reason, until: now + openInMs, probeUntil: probeInMs === null ? 0 : now + probeInMs };
}
