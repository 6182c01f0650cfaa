// Runs in a worker thread: reads what is slow to read, or may be hostile. A failure here cannot harm the service.

import { cleanText, cleanTitle } from './clean.ts';
import { decode, declaredCharset } from './decode.ts';
import { assertText, detectContainer } from './detect.ts';
import { readDocx } from './docx.ts';
import { type Failure, ReadFailure } from './failure.ts';
import { readHtml } from './html.ts';
import { readPdf } from './pdf.ts';
import type { RawDocument, ReadTask } from './task.ts';
import { detectTextFormat } from './text-format.ts';

/** Reads one document; what it throws on purpose is returned as data, because classes do not cross threads. */
export default async function work(task: ReadTask): Promise<RawDocument | Failure> {
  try {
    const raw = await readRaw(task);
    const { text, warnings } = cleanText(raw.text);
    return { ...raw, title: cleanTitle(raw.title), text, warnings: [...raw.warnings, ...warnings] };
  } catch (error) {
    if (error instanceof ReadFailure) return error.failure;
    throw error;
  }
}

async function readRaw({ name, contentType, bytes }: ReadTask): Promise<RawDocument> {
  const container = detectContainer(bytes);
  if (container === 'pdf') return { format: 'pdf', warnings: [], ...(await readPdf(bytes)) };
  if (container === 'docx') return { format: 'docx', warnings: [], ...(await readDocx(bytes)) };
  const { text, encoding, warnings } = decode(bytes, declaredCharset(bytes, contentType));
  assertText(text);
  const format = detectTextFormat(text, { name, contentType });
  if (format === 'html') return { format, encoding, warnings, ...readHtml(text) };
  return { format, encoding, warnings, text };
}
