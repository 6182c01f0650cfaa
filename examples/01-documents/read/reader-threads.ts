// The threads in which documents are read: each reads one document at a time, and is ended when that takes too long or too much memory.

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RetryableError } from 'holdfast';
import { Piscina } from 'piscina';
import type { Failure } from './failure.ts';
import { FIRST_READ_MS, LONGEST_READ_MS, WORKER_BUFFERS_MB, WORKER_HEAP_MB } from './limits.ts';
import { ReaderQueue, type Turn } from './reader-queue.ts';
import type { RawDocument, ReadTask } from './task.ts';

const IDLE_MS = 10_000;
/** Often enough to see a document that takes a gigabyte a second. */
const MEMORY_CHECK_MS = 100;

const TOO_SLOW = 'document_timeout';
const TOO_LARGE: Failure = {
  code: 'document_bomb',
  reason: `takes more than ${Math.max(WORKER_HEAP_MB, WORKER_BUFFERS_MB)} MB of memory to read: send a simpler version.`,
};

/** How long a thread works on a document, in milliseconds. */
export type ReadLimits = Record<Turn, number>;

/** A few threads that start when they are needed, end when they are idle, and do not keep the process alive. */
export class ReaderThreads {
  /** One pool a thread, so that we know which document a thread is at. */
  readonly #threads: Piscina[];
  readonly #queue: ReaderQueue<Piscina>;
  readonly #limits: ReadLimits;
  readonly #closing = new AbortController();

  constructor(size: number, limits: ReadLimits = { first: FIRST_READ_MS, long: LONGEST_READ_MS }) {
    this.#limits = limits;
    this.#threads = Array.from({ length: size }, newThread);
    this.#queue = new ReaderQueue(this.#threads);
  }

  /**
   * Returns what the document says, or why it cannot be read. One that is not read in its first, short time is begun anew behind the
   * others, with a longer limit. The limits hold from when a thread begins with it: however long it waits, it does not fail for that.
   * @throws RetryableError `document_reader_closed` when the threads were ended meanwhile; the reason of `signal` when it is
   * aborted: nobody waits any more then, and the document gives its thread or its place up
   */
  async read(task: ReadTask, signal: AbortSignal): Promise<RawDocument | Failure> {
    const first = await this.#read(task, 'first', signal);
    return 'code' in first && first.code === TOO_SLOW ? this.#read(task, 'long', signal) : first;
  }

  async #read(task: ReadTask, turn: Turn, signal: AbortSignal): Promise<RawDocument | Failure> {
    const given = AbortSignal.any([signal, this.#closing.signal]);
    let thread: Piscina | undefined;
    try {
      thread = await this.#queue.take(turn, given);
      return await readWatched(thread, task, this.#limits[turn], given);
    } catch (error) {
      if (this.#closing.signal.aborted) throw closed(task);
      signal.throwIfAborted();
      return crashed(error as NodeJS.ErrnoException);
    } finally {
      if (thread) this.#queue.giveBack(thread, turn);
    }
  }

  /** Ends the threads; documents that are being read fail, and can be read again. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#threads.map((thread) => thread.destroy()));
  }
}

async function readWatched(
  thread: Piscina,
  task: ReadTask,
  limitMs: number,
  given: AbortSignal,
): Promise<RawDocument | Failure> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(tooSlow(limitMs)), limitMs);
  const memory = setInterval(() => void checkMemory(thread, stop), MEMORY_CHECK_MS);
  try {
    const signal = AbortSignal.any([given, stop.signal]);
    return (await thread.run(task, { signal })) as RawDocument | Failure;
  } catch (error) {
    if (stop.signal.aborted && !given.aborted) return stop.signal.reason as Failure;
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

function tooSlow(limitMs: number): Failure {
  return {
    code: TOO_SLOW,
    reason: `could not be read within ${limitMs / 1000} seconds: it may be made to be slow. Send a simpler version.`,
  };
}

function crashed(error: NodeJS.ErrnoException): Failure {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') return TOO_LARGE;
  return { code: 'document_broken', reason: `could not be read (${error.message}): send a simpler version.` };
}

function closed({ name }: ReadTask): RetryableError {
  return new RetryableError('document_reader_closed', `'${name}' was not read to its end: the process was ending.`);
}
