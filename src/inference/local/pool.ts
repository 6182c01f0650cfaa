// The worker threads of the local model: started with the first task, ended by close(), at most two of them.

import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { Unavailable } from '../../core/errors.ts';
import type { LocalAnswer, LocalTask } from './task.ts';

const mostThreads = 2;
const idleMs = 60_000;
const heapMb = 512;
/** Built code loads `worker.js`, sources run by Node itself load `worker.ts`. */
const workerFile = new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href;

export class LocalPool {
  #pool: Piscina<LocalTask, LocalAnswer> | undefined;
  #closed = false;

  /**
   * Runs a task on a thread. Aborting the signal rejects with its reason at once; a task that was running takes its
   * thread (and the documents that it remembered) with it, one that was waiting is dropped. Throws `Unavailable` after
   * close().
   */
  async run(task: LocalTask, signal?: AbortSignal): Promise<LocalAnswer> {
    signal?.throwIfAborted();
    if (this.#closed)
      throw new Unavailable(
        'models_closed',
        'The local model was asked after it was closed; the process is shutting down.',
      );
    this.#pool ??= new Piscina<LocalTask, LocalAnswer>({
      filename: workerFile,
      minThreads: 0,
      maxThreads: Math.min(mostThreads, availableParallelism()),
      idleTimeout: idleMs,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    try {
      return await this.#pool.run(task, signal ? { signal } : {});
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error;
    }
  }

  /**
   * Ends the threads; tasks that have not started are rejected, running ones finish (each takes less than a second).
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool?.close({ force: true });
    this.#pool = undefined;
  }
}
