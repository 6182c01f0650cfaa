// From a document's bytes to its text, whatever kind of document it is.

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TerminalError } from 'holdfast';
import { Piscina } from 'piscina';
import { cleanText } from './clean.ts';
import type { Format } from './detect.ts';
import type { Failure } from './failure.ts';
import { LARGEST_BYTES, READ_TIMEOUT_MS, WORKER_HEAP_MB } from './limits.ts';
import type { RawDocument, ReadTask } from './worker.ts';

export interface ReadDocument {
  format: Format;
  /** With `\n` line ends, and fit for Postgres. */
  text: string;
  /** The title in the document's metadata. */
  title?: string | undefined;
  encoding?: string | undefined;
  pages?: number | undefined;
  warnings: string[];
}

const THREADS = 2;

/**
 * Returns what the document says. The kind is told from its bytes; the name and the declared type are hints only.
 * @throws TerminalError `document_empty`, `document_too_large`, `document_binary`, `document_broken`, `document_encrypted`,
 * `document_bomb`, `document_no_text`, `document_timeout`
 */
export async function readDocument(task: ReadTask): Promise<ReadDocument> {
  if (task.bytes.length === 0)
    throw failed(task, { code: 'document_empty', reason: 'is empty: there is nothing to read.' });
  if (task.bytes.length > LARGEST_BYTES) {
    throw failed(task, {
      code: 'document_too_large',
      reason: `has ${task.bytes.length} bytes; ${LARGEST_BYTES / 1024 / 1024} MB are the limit.`,
    });
  }
  const raw = await readInWorker(task);
  if ('code' in raw) throw failed(task, raw);
  const { text, warnings } = cleanText(raw.text);
  if (text.trim() === '') throw failed(task, { code: 'document_no_text', reason: 'has no text in it.' });
  return { ...raw, text, warnings: [...raw.warnings, ...warnings] };
}

let pool: Piscina | undefined;

/** Ends the reading threads; the next document starts new ones. */
export async function closeReaders(): Promise<void> {
  const closing = pool;
  pool = undefined;
  await closing?.destroy();
}

async function readInWorker(task: ReadTask): Promise<RawDocument | Failure> {
  pool ??= newPool();
  const timeout = AbortSignal.timeout(READ_TIMEOUT_MS);
  try {
    return (await pool.run(task, { signal: timeout })) as RawDocument | Failure;
  } catch (error) {
    if (timeout.aborted) {
      return {
        code: 'document_timeout',
        reason: `could not be read within ${READ_TIMEOUT_MS / 1000} seconds: it may be made to be slow. Send a simpler version.`,
      };
    }
    const outOfMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
    const reason = outOfMemory
      ? `takes more than ${WORKER_HEAP_MB} MB of memory to read`
      : `could not be read (${(error as Error).message})`;
    return { code: outOfMemory ? 'document_bomb' : 'document_broken', reason: `${reason}: send a simpler version.` };
  }
}

/** The threads load the file beside this one: TypeScript as it is written, or as it was built. */
function newPool(): Piscina {
  const filename = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
  return new Piscina({
    filename,
    minThreads: 0,
    maxThreads: THREADS,
    idleTimeout: 10_000,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
  });
}

function failed({ name }: ReadTask, { code, reason }: Failure): TerminalError {
  return new TerminalError(code, `'${name}' ${reason}`);
}
