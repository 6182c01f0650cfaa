// Keeps a thread at work that renews the lease of this process.

import { Worker } from 'node:worker_threads';
import type { LeaseHolder } from '../../store/leases.ts';
import { withConnectionName } from '../connection-name.ts';
import type { EngineLog } from '../logger.ts';
import type { HeartbeatReport, HeartbeatTask } from './task.ts';

export interface HeartbeatOptions {
  databaseUrl: string;
  holder: LeaseHolder;
  ttlMs: number;
  beatMs: number;
  log: EngineLog;
  /** How long this process's own thread may be busy before the lease is not renewed any more. */
  hangsAfterMs?: number;
  /** What the thread runs; for tests. */
  threadFile?: URL;
}

const THREAD_FILE = new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
const HANGS_AFTER_MS = 60_000;
const RESTART_MS = 200;
const STOP_WITHIN_MS = 2000;

/** One lease, taken and renewed from a thread with a connection of its own. A thread that dies is replaced. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #pulses: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4));
  readonly #taken = Promise.withResolvers<void>();
  #thread: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isTaken = false;
  #stopped = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Takes the lease, and begins to renew it. Rejects when it cannot be taken at the first attempt. */
  async start(): Promise<void> {
    this.#begin();
    await this.#taken.promise;
  }

  /** Tells that this process does not hang; to be called every few seconds. */
  pulse(): void {
    Atomics.add(this.#pulses, 0, 1);
  }

  /** Ends the renewal. Afterwards nothing enters the lease again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    const thread = this.#thread;
    if (!thread) return;
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
    thread.postMessage('stop');
    const impatience = setTimeout(() => void thread.terminate(), STOP_WITHIN_MS);
    await ended;
    clearTimeout(impatience);
  }

  #begin(): void {
    const { databaseUrl, holder, ttlMs, beatMs, log, hangsAfterMs, threadFile } = this.#options;
    const task: HeartbeatTask = {
      databaseUrl: withConnectionName(databaseUrl, 'holdfast lease'),
      holder,
      ttlMs,
      beatMs,
      hangsAfterMs: hangsAfterMs ?? HANGS_AFTER_MS,
      pulse: this.#pulses.buffer,
    };
    const thread = new Worker(threadFile ?? THREAD_FILE, { workerData: task, name: 'lease', execArgv: [] });
    this.#thread = thread;
    thread.on('message', (report: HeartbeatReport) => this.#onReport(report));
    thread.on('error', (error) => log.warn(`The thread that renews the lease failed: ${(error as Error).message}`));
    thread.on('exit', () => this.#onExit());
  }

  #onReport(report: HeartbeatReport): void {
    if (report.kind === 'renewed') {
      this.#isTaken = true;
      this.#taken.resolve();
    } else if (this.#isTaken) {
      this.#options.log.warn(`The lease of this process could not be renewed, trying again: ${report.message}`);
    } else {
      this.#taken.reject(new Error(`The lease of this process could not be taken: ${report.message}`));
    }
  }

  #onExit(): void {
    this.#thread = undefined;
    this.#taken.reject(new Error('The thread that takes the lease of this process ended at its start.'));
    if (!this.#stopped && this.#isTaken) this.#restart = setTimeout(() => this.#begin(), RESTART_MS);
  }
}
