// Keeps this process's lease alive, and takes over the runs of processes that let theirs end.

import type { Knex } from 'knex';
import { deleteForgottenLeases, deleteLeases, type LeaseHolder } from '../store/leases.ts';
import { Heartbeat } from './heartbeat/heartbeat.ts';
import type { EngineLog } from './logger.ts';
import { processIdentity } from './process-identity.ts';
import { requeueOrphans } from './takeover.ts';

export interface LeaseOptions {
  databaseUrl: string;
  db: Knex;
  log: EngineLog;
  executor: LeaseHolder;
  application: string;
  /** Called with the lanes into which runs of a dead executor were put back. */
  onOrphans: (lanes: string[]) => void;
  ttlMs?: number;
  beatMs?: number;
}

const DEFAULT_TTL_MS = 5000;
const DEFAULT_BEAT_MS = 1000;
const FORGET_EVERY_MS = 600_000;

/** One executor's lease. Other processes may take its runs once it has not been renewed for `ttlMs`. */
export class Lease {
  readonly #options: Required<LeaseOptions>;
  readonly #heartbeat: Heartbeat;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #stopped = false;
  #peers = 0;
  #forgotAt = -Infinity;

  constructor(options: LeaseOptions) {
    this.#options = { ttlMs: DEFAULT_TTL_MS, beatMs: DEFAULT_BEAT_MS, ...options };
    this.#heartbeat = new Heartbeat({ ...this.#options, holder: options.executor });
  }

  /** How many other executors held a lease at the last sweep. */
  get peers(): number {
    return this.#peers;
  }

  /**
   * Takes the lease, which is renewed from now on. To be called before any run is claimed, so that a claim without a lease is a claim
   * of the dead.
   */
  async take(): Promise<void> {
    await this.#heartbeat.start();
  }

  /** Begins to look for the dead. */
  async start(): Promise<void> {
    this.#sweeping = this.#sweepAndForget();
    await this.#sweeping;
    if (!this.#stopped) this.#timer = setTimeout(() => void this.start(), this.#options.beatMs);
  }

  /** Ends the renewal, and gives the lease back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#sweeping;
    await this.#heartbeat.stop();
    await deleteLeases(this.#options.db, [this.#options.executor.executorId]).catch(() => {
      // The lease ends by itself.
    });
  }

  async #sweepAndForget(): Promise<void> {
    this.#heartbeat.pulse();
    try {
      await this.#sweep();
      if (performance.now() - this.#forgotAt > FORGET_EVERY_MS) {
        await deleteForgottenLeases(this.#options.db);
        this.#forgotAt = performance.now();
      }
    } catch (error) {
      this.#options.log.warn(
        `Runs of processes that are gone could not be looked for, trying again: ${(error as Error).message}`,
      );
    }
  }

  async #sweep(): Promise<void> {
    const { db, executor, application, log, onOrphans } = this.#options;
    const found = await requeueOrphans(db, application);
    this.#peers = found.leases.filter((lease) => lease.executorId !== executor.executorId).length;
    const gone = found.leases.filter(
      ({ host, pid, process }) => host === executor.host && processIdentity(pid) !== process,
    );
    let { lanes, runs } = found;
    if (gone.length > 0) {
      await deleteLeases(
        db,
        gone.map(({ executorId }) => executorId),
      );
      const theirs = await requeueOrphans(db, application);
      runs += theirs.runs;
      lanes = [...lanes, ...theirs.lanes];
    }
    if (runs > 0) {
      log.info(
        `${runs} ${runs === 1 ? 'run' : 'runs'} of a process that is gone will go on here or on another executor.`,
      );
    }
    // Also without runs of its own a process that is gone may have left something undone for others.
    if (runs > 0 || gone.length > 0) onOrphans(lanes);
  }
}
