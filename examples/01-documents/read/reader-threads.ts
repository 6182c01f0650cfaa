// The threads in which documents are read: each reads one document at a time, and is ended when that takes too long or too much memory.

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RetryableError } from 'holdfast';
import { Piscina } from 'piscina';
import type { Failure } from './failure.ts';
import { READ_TIMEOUT_MS, WORKER_BUFFERS_MB, WORKER_HEAP_MB } from './limits.ts';
import type { RawDocument, ReadTask } from './task.ts';

const IDLE_MS = 10_000;
/** Often enough to see a document that takes a gigabyte a second. */
const MEMORY_CHECK_MS = 100;

const TOO_SLOW: Failure = {
  code: 'document_timeout',
  reason: `could not be read within ${READ_TIMEOUT_MS / 1000} seconds: it may be made to be slow. Send a simpler version.`,
};
const TOO_LARGE: Failure = {
  code: 'document_bomb',
  reason: `takes more than ${Math.max(WORKER_HEAP_MB, WORKER_BUFFERS_MB)} MB of memory to read: send a simpler version.`,
};

/** A few threads that start when they are needed, end when they are idle, and do not keep the process alive. */
export class ReaderThreads {
  /** One pool a thread, so that we know which document a thread is at. */
  readonly #threads: Piscina[];
  readonly #idle: Piscina[];
  readonly #waiting: ((thread: Piscina) => void)[] = [];
  #isClosed = false;

  constructor(size: number) {
    this.#threads = Array.from({ length: size }, newThread);
    this.#idle = [...this.#threads];
  }

  /**
   * Returns what the document says, or why it cannot be read. The limits hold from when a thread begins with it, not while it waits.
   * @throws RetryableError `document_reader_closed` when the threads were ended meanwhile
   */
  async read(task: ReadTask): Promise<RawDocument | Failure> {
    const thread = this.#idle.pop() ?? (await new Promise<Piscina>((resolve) => this.#waiting.push(resolve)));
    try {
      if (this.#isClosed) throw new Error('closed');
      return await readWatched(thread, task);
    } catch (error) {
      if (this.#isClosed) throw closed(task);
      return crashed(error as NodeJS.ErrnoException);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(thread);
      else this.#idle.push(thread);
    }
  }

  /** Ends the threads; documents that are being read fail, and can be read again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread.destroy()));
  }
}

async function readWatched(thread: Piscina, task: ReadTask): Promise<RawDocument | Failure> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(TOO_SLOW), READ_TIMEOUT_MS);
  const memory = setInterval(() => void checkMemory(thread, stop), MEMORY_CHECK_MS);
  try {
    return (await thread.run(task, { signal: stop.signal })) as RawDocument | Failure;
  } catch (error) {
    if (stop.signal.aborted) return stop.signal.reason as Failure;
    throw error;
  } finally {
    clearTimeout(timer);
    clearInterval(memory);
  }
}

/** Buffers lie outside the heap that V8 limits: a picture or a stream in a file can inflate to gigabytes there. */
async function checkMemory(thread: Piscina, stop: AbortController): Promise<void> {
  // It has no answer while it starts or ends.
  const statistics = await thread.threads[0]?.getHeapStatistics().catch(() => undefined);
  if (statistics && statistics.external_memory > WORKER_BUFFERS_MB * 1024 * 1024) stop.abort(TOO_LARGE);
}

/** The thread loads the file beside this one: TypeScript as it is written, or as it was built. */
function newThread(): Piscina {
  const filename = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
  return new Piscina({
    filename,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
  });
}

function crashed(error: NodeJS.ErrnoException): Failure {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return TOO_LARGE;
  return { code: 'document_broken', reason: `could not be read (${error.message}): send a simpler version.` };
}

function closed({ name }: ReadTask): RetryableError {
  return new RetryableError('document_reader_closed', `'${name}' was not read to its end: the process was ending.`);
}
