// What a document is by its bytes, whatever its name and its declared type say.

import { ReadFailure } from './failure.ts';
import { foreignKind, isProtectedOffice, zipKind } from './foreign-kinds.ts';

/** Adobe's readers look for the beginning of a PDF file so far. */
const PDF_HEAD_BYTES = 1024;
/** Control characters that no text has; a few may be there by accident. */
const MOST_CONTROL_SHARE = 0.02;
const SAMPLE_CHARACTERS = 20_000;

/** Returns `pdf`, `docx`, or `text` for anything that can be decoded. @throws ReadFailure `document_binary`, `document_encrypted` */
export function detectContainer(bytes: Uint8Array): 'pdf' | 'docx' | 'text' {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isPdf(file)) return 'pdf';
  const archive = zipKind(file);
  if (archive === 'docx') return 'docx';
  if (archive !== undefined) throw binary(archive);
  if (isProtectedOffice(file))
    throw new ReadFailure('document_encrypted', 'is protected with a password: send a version without one.');
  const foreign = foreignKind(file);
  if (foreign !== undefined) throw binary(foreign);
  return 'text';
}

/** @throws ReadFailure `document_binary` when decoded text is none, at its beginning, its middle or its end */
export function assertText(text: string): void {
  const middle = Math.max(0, Math.floor((text.length - SAMPLE_CHARACTERS) / 2));
  for (const start of new Set([0, middle, Math.max(0, text.length - SAMPLE_CHARACTERS)])) {
    const sample = text.slice(start, start + SAMPLE_CHARACTERS);
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    const strange = sample.match(/[\u0000-\u0008\u000E-\u001A\u001C-\u001F\uFFFD]/g)?.length ?? 0;
    if (strange > Math.max(3, sample.length * MOST_CONTROL_SHARE)) throw binary('binary data');
  }
}

function isPdf(file: Buffer): boolean {
  const at = file.subarray(0, PDF_HEAD_BYTES).indexOf('%PDF-', 0, 'latin1');
  if (at < 0) return false;
  // Further down it may also be a text about such files.
  return at === 0 || (/^%PDF-\d\.\d[\r\n]/.test(file.toString('latin1', at, at + 9)) && file.includes('endobj'));
}

function binary(what: string): ReadFailure {
  return new ReadFailure(
    'document_binary',
    `is ${what}, not a document that can be read: send plain text, Markdown, reStructuredText, HTML, PDF or DOCX.`,
  );
}
