// What an uploaded document says: its text, and what its bytes tell about it.

import { TerminalError } from 'holdfast';
import type { Format } from './text-format.ts';
import { type Failure, ReadFailure } from './failure.ts';
import { LARGEST_BYTES } from './limits.ts';
import { ReaderThreads } from './reader-threads.ts';
import { readSmallText } from './small-text.ts';
import type { RawDocument, ReadTask } from './task.ts';

export interface ReadDocument extends RawDocument {
  /** The media type of what was found, whatever was declared. */
  contentType: string;
}

const THREADS = 2;

const CONTENT_TYPES: Record<Format, string> = {
  text: 'text/plain',
  markdown: 'text/markdown',
  rst: 'text/x-rst',
  html: 'text/html',
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
};

/**
 * Returns what the document says. The kind is told from its bytes; the name and the declared type are hints only.
 * @throws TerminalError `document_empty`, `document_too_large`, `document_binary`, `document_broken`, `document_encrypted`,
 * `document_bomb`, `document_no_text`, `document_timeout`; RetryableError `document_reader_closed` when the process ends meanwhile;
 * the reason of `signal` when it is aborted: nobody wants the document any more
 */
export async function readDocument(
  task: ReadTask,
  signal: AbortSignal = new AbortController().signal,
): Promise<ReadDocument> {
  if (task.bytes.length === 0)
    throw failed(task, { code: 'document_empty', reason: 'is empty: there is nothing to read.' });
  if (task.bytes.length > LARGEST_BYTES) {
    throw failed(task, {
      code: 'document_too_large',
      reason: `has ${task.bytes.length} bytes; ${LARGEST_BYTES / 1024 / 1024} MB are the limit: send a part of it.`,
    });
  }
  const raw = smallText(task) ?? (await readers().read(task, signal));
  if ('code' in raw) throw failed(task, raw);
  if (raw.text.trim() === '')
    throw failed(task, { code: 'document_no_text', reason: 'has no text in it: there is nothing to read.' });
  return { ...raw, contentType: CONTENT_TYPES[raw.format] };
}

let threads: ReaderThreads | undefined;

/** Ends the reading threads; the next document starts new ones. */
export async function closeReaders(): Promise<void> {
  const closing = threads;
  threads = undefined;
  await closing?.close();
}

function readers(): ReaderThreads {
  threads ??= new ReaderThreads(THREADS);
  return threads;
}

function smallText(task: ReadTask): RawDocument | Failure | undefined {
  try {
    return readSmallText(task);
  } catch (error) {
    if (error instanceof ReadFailure) return error.failure;
    throw error;
  }
}

function failed({ name }: ReadTask, { code, reason }: Failure): TerminalError {
  return new TerminalError(code, `'${name}' ${reason}`);
}
