// Keeps this process's lease alive, and takes over the runs of processes that let theirs end.

import type { Knex } from 'knex';
import {
  countPeers,
  deleteExecutors,
  deleteForgottenExecutors,
  type ExecutorRow,
  executorsOnHost,
  insertExecutor,
  renewLease,
} from '../store/executors.ts';
import type { EngineLog } from './logger.ts';
import { processIdentity } from './process-identity.ts';
import { requeueOrphans } from './takeover.ts';

export interface LeaseOptions {
  db: Knex;
  log: EngineLog;
  executor: ExecutorRow;
  application: string;
  /** Called with the lanes into which runs of a dead executor were put back. */
  onOrphans: (lanes: string[]) => void;
  ttlMs?: number;
  beatMs?: number;
}

const DEFAULT_TTL_MS = 5000;
const DEFAULT_BEAT_MS = 1000;

/** One executor's lease. Other processes may take its runs once it has not been renewed for `ttlMs`. */
export class Lease {
  readonly #options: Required<LeaseOptions>;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #stopped = false;
  #peers = 0;

  constructor(options: LeaseOptions) {
    this.#options = { ttlMs: DEFAULT_TTL_MS, beatMs: DEFAULT_BEAT_MS, ...options };
  }

  /** How many other executors held a lease at the last beat. */
  get peers(): number {
    return this.#peers;
  }

  /** Takes the lease. To be called before any run is claimed, so that a claim without a lease is a claim of the dead. */
  async take(): Promise<void> {
    const { db, executor, ttlMs } = this.#options;
    await insertExecutor(db, executor, ttlMs);
  }

  /** Begins to renew, and to look for the dead. */
  async start(): Promise<void> {
    await this.#beat();
  }

  /** Ends the renewal, and gives the lease back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#beating;
    await deleteExecutors(this.#options.db, [this.#options.executor.executorId]).catch(() => {
      // The lease ends by itself.
    });
  }

  async #beat(): Promise<void> {
    this.#beating = this.#renewAndSweep();
    await this.#beating;
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#beat(), this.#options.beatMs);
  }

  async #renewAndSweep(): Promise<void> {
    const { db, executor, ttlMs, log } = this.#options;
    try {
      if (!(await renewLease(db, executor.executorId, ttlMs))) await insertExecutor(db, executor, ttlMs);
      await this.#sweep();
      this.#peers = await countPeers(db, executor.executorId);
    } catch (error) {
      log.warn(`The lease of this process could not be renewed, trying again: ${(error as Error).message}`);
    }
  }

  async #sweep(): Promise<void> {
    const { db, executor, application, log, onOrphans } = this.#options;
    const neighbours = await executorsOnHost(db, executor.host);
    const gone = neighbours.filter((row) => processIdentity(row.pid) !== row.process).map((row) => row.executorId);
    if (gone.length > 0) await deleteExecutors(db, gone);
    await deleteForgottenExecutors(db);
    const { lanes, runs } = await requeueOrphans(db, application);
    if (runs === 0) return;
    log.info(
      `${runs} ${runs === 1 ? 'run' : 'runs'} of a process that is gone will go on here or on another executor.`,
    );
    onOrphans(lanes);
  }
}
