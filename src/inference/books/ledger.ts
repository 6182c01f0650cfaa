// The books of a process on its calls of models: each is entered before it is made, settled when it has ended, and counted.

import type { Knex } from 'knex';
import { budgetLine } from '../../core/budget.ts';
import { isConnectionError, isSerializationFailure } from '../../core/connection-error.ts';
import { GroupCommit } from '../../engine/history/group-commit.ts';
import type { EngineLog } from '../../engine/logger.ts';
import { throughOutages } from '../../postgres/outages.ts';
import {
  countEndedCalls,
  type Entry,
  loseCallsOf,
  loseOrphans,
  type NewModelCall,
  reserveCalls,
  serverLife,
  type Settlement,
  settleCalls,
} from '../../store/model-calls.ts';
import { OpenCalls } from './open-calls.ts';

export interface LedgerOptions {
  db: Knex;
  executorId: string;
  log: EngineLog;
}

const TICK_MS = 250;
/** While calls are made here, what ended elsewhere and what the dead have left is looked for so often. */
const SWEEP_MS = 1000;
/** Otherwise so often: whoever needs what they have reserved makes calls. */
const IDLE_SWEEP_MS = 10_000;
/** A process whose last call ended so long ago is idle: its checkpoints are committed, and counted. */
const IDLE_AFTER_MS = 15_000;
/** Checkpoints that settle calls are committed long before that; if not, the call is settled without. */
const CHECKPOINT_MS = 5000;
/** A statement that lost against others is sent so often at most. */
const MOST_TRIES = 3;
/** With so few calls at a time nobody waits for others to share a statement with. */
const FEW_CALLS = 2;
const BYTES_OF_CALL = 600;
const MOST_RESTORED = 500;
const UNMADE: Omit<Settlement, 'id'> = {
  state: 'failed',
  usage: undefined,
  costUsd: '0',
  priceVersion: null,
  errorCode: 'model_aborted',
};

/** The books of one process. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #entering: GroupCommit<NewModelCall, Entry>;
  readonly #open = new OpenCalls();
  /** Of the database server, as far as is known. */
  #life: string | undefined;
  #restoring: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();
  #underWay = 0;
  #hasEnded = false;
  #isFailing = false;
  #sweptAt = -Infinity;
  #usedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { db } = options;
    this.#entering = new GroupCommit<NewModelCall, Entry>(
      {
        keyOf: ({ id }) => id,
        bytesOf: ({ choice }) => BYTES_OF_CALL + JSON.stringify(choice).length,
        writeMany: (calls) => reserveCalls(db, calls),
        writeOne: async (call) => (await reserveCalls(db, [call]))[0]!,
      },
      () => this.#underWay <= FEW_CALLS,
    );
  }

  /** Begins to count. */
  start(): void {
    this.#tickSoon();
  }

  /** Enters a call, and returns what became of it. An outage of the database is waited for, until `signal` is aborted. */
  async enter(call: NewModelCall, signal: () => AbortSignal): Promise<Entry> {
    this.#underWay += 1;
    this.#usedAt = performance.now();
    try {
      const entry = await this.#entered(call).catch((error: unknown) => {
        if (!isConnectionError(error)) throw error;
        return throughOutages(() => this.#entered(call), signal());
      });
      if (entry.blocks === null) this.#open.entered(call);
      // What fails in this is no outcome of the call; it is tried again with the next answer.
      await this.#isLife(entry.life).catch((error: unknown) => this.#failed(error));
      return entry;
    } catch (error) {
      // It is not made, but may be entered all the same.
      this.#open.entered(call);
      this.ended({ ...UNMADE, id: call.id }, () => false);
      throw error;
    } finally {
      this.#underWay -= 1;
    }
  }

  /**
   * Returns whether the database server is in the life in which calls were entered. If not, a crash may have taken the last entries, which
   * nobody has waited for: then those are made anew whose calls are under way, or have ended and are perhaps not settled.
   */
  async #isLife(life: string): Promise<boolean> {
    this.#life ??= life;
    if (this.#life === life && !this.#restoring) return true;
    this.#restoring ??= this.#restore(life).finally(() => (this.#restoring = undefined));
    await this.#restoring;
    return false;
  }

  async #restore(life: string): Promise<void> {
    const calls = this.#open.entries();
    for (let from = 0; from < calls.length; from += MOST_RESTORED) {
      await reserveCalls(this.#options.db, calls.slice(from, from + MOST_RESTORED), { must: true });
    }
    this.#life = life;
  }

  /** Whoever removes or changes budgets locks counters of their own. */
  async #entered(call: NewModelCall): Promise<Entry> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#entering.write(call);
      } catch (error) {
        if (tries === MOST_TRIES || !isSerializationFailure(error)) throw error;
      }
    }
  }

  /** A call has ended. It is settled with its step where `settleWithStep` takes it, or else soon. */
  ended(settlement: Settlement, settleWithStep: (settlement: Settlement) => boolean): void {
    this.#hasEnded = true;
    this.#usedAt = performance.now();
    this.#open.ended(settlement, settleWithStep(settlement));
  }

  /** Settles and counts all that has ended here by now, without waiting for checkpoints, and what others have settled. */
  catchUp(): Promise<void> {
    // Who asks while somebody's is under way may know of more; all who ask meanwhile share the next one.
    this.#next ??= this.#last.then(() => {
      this.#last = this.#catchUpNow();
      this.#next = undefined;
      return this.#last;
    });
    return this.#next;
  }

  async #catchUpNow(): Promise<void> {
    try {
      await this.#settle(-Infinity);
      await this.#count();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Calls `counted` when calls of this process were counted: reservations may be free. Returns how to end that. */
  listen(counted: () => void): () => void {
    this.#listeners.add(counted);
    return () => void this.#listeners.delete(counted);
  }

  /** Ends the counting. To be called when nothing calls models any more: a call without an end is lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#working;
    const { db, executorId, log } = this.#options;
    try {
      await this.#isLife(await serverLife(db));
      await this.#settle(-Infinity);
      await loseCallsOf(db, executorId);
      await this.#count();
    } catch (error) {
      log.warn(`Calls of models could not be counted; another process will do it: ${(error as Error).message}`);
    }
  }

  #tickSoon(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#working = this.#tick().finally(() => this.#tickSoon());
    }, TICK_MS).unref();
  }

  async #tick(): Promise<void> {
    const { db, log } = this.#options;
    const now = performance.now();
    try {
      await this.#settle(CHECKPOINT_MS);
      const sweepMs = now - this.#usedAt < IDLE_AFTER_MS ? SWEEP_MS : IDLE_SWEEP_MS;
      const isSweep = now - this.#sweptAt >= sweepMs;
      if (!isSweep && !this.#hasEnded) return;
      const isNews = this.#hasEnded;
      this.#hasEnded = false;
      if (isSweep) {
        this.#sweptAt = now;
        await this.#isLife(await serverLife(db));
        const lost = await loseOrphans(db);
        if (lost > 0) {
          const calls = lost === 1 ? 'call of a model was' : 'calls of models were';
          log.info(`${lost} ${calls} under way when their process ended: they count as estimated.`);
        }
      }
      await this.#count();
      if (isNews) for (const listener of this.#listeners) listener();
    } catch (error) {
      this.#failed(error);
    }
  }

  async #count(): Promise<void> {
    for (const state of await countEndedCalls(this.#options.db)) {
      this.#options.log.warn(`Calls of models go on beyond ${budgetLine(state)}.`);
    }
    this.#isFailing = false;
  }

  /** What could not be counted is counted soon. An outage is told once. */
  #failed(error: unknown): void {
    this.#hasEnded = true;
    this.#sweptAt = -Infinity;
    if (!this.#isFailing)
      this.#options.log.warn(`Calls of models could not be counted, trying again: ${(error as Error).message}`);
    this.#isFailing = true;
  }

  /** Settles what is due, and what was left to checkpoints more than `ageMs` milliseconds ago: whoever was faster has settled it. */
  async #settle(ageMs: number): Promise<void> {
    const settlements = this.#open.due(ageMs);
    if (settlements.length === 0) return;
    for (let tries = 1; !(await this.#isLife(await settleCalls(this.#options.db, settlements))); tries += 1) {
      if (tries === MOST_TRIES) throw new Error('The answers come from different lives of the database server.');
    }
    this.#open.settled(settlements);
  }
}
