// Runs in a worker thread: reads what is slow to read, or may be hostile. A failure here cannot harm the service.

import { decode, declaredCharset } from './decode.ts';
import { assertText, detectContainer, detectTextFormat, type Format } from './detect.ts';
import { readDocx } from './docx.ts';
import { type Failure, ReadFailure } from './failure.ts';
import { readHtml } from './html.ts';
import { readPdf } from './pdf.ts';

export interface ReadTask {
  name: string;
  contentType?: string | undefined;
  bytes: Uint8Array;
}

export interface RawDocument {
  format: Format;
  text: string;
  title?: string | undefined;
  encoding?: string | undefined;
  pages?: number | undefined;
  warnings: string[];
}

/** Reads one document; what it throws on purpose is returned as data, because classes do not cross threads. */
export default async function work(task: ReadTask): Promise<RawDocument | Failure> {
  try {
    return await readRaw(task);
  } catch (error) {
    if (error instanceof ReadFailure) return error.failure;
    throw error;
  }
}

/** Reads one document. @throws ReadFailure */
export async function readRaw({ name, contentType, bytes }: ReadTask): Promise<RawDocument> {
  const container = detectContainer(bytes);
  if (container === 'pdf') return { format: 'pdf', warnings: [], ...(await readPdf(bytes)) };
  if (container === 'docx') return { format: 'docx', warnings: [], ...(await readDocx(bytes)) };
  const { text, encoding, warnings } = decode(bytes, declaredCharset(bytes, contentType));
  assertText(text);
  const format = detectTextFormat(text, { name, contentType });
  if (format === 'html') return { format, encoding, warnings, ...readHtml(text) };
  return { format, encoding, warnings, text };
}
