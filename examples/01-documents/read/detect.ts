// What a document is: its bytes decide; its name and its declared type only tell kinds of text apart.

import { ReadFailure } from './failure.ts';

export type Format = 'text' | 'markdown' | 'rst' | 'html' | 'pdf' | 'docx';

export interface Hints {
  name: string;
  contentType?: string | undefined;
}

/** The beginnings of files that are no documents, to say what was sent instead. */
const MAGIC: [bytes: number[], what: string][] = [
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
  [[0xff, 0xd8, 0xff], 'a JPEG image'],
  [[0x47, 0x49, 0x46, 0x38], 'a GIF image'],
  [[0x1f, 0x8b], 'a gzip archive'],
  [[0x42, 0x5a, 0x68], 'a bzip2 archive'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7-Zip archive'],
  [[0x52, 0x61, 0x72, 0x21], 'a RAR archive'],
  [[0x7f, 0x45, 0x4c, 0x46], 'a program'],
  [[0x4d, 0x5a], 'a program'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'an old Office file (.doc, .xls, .ppt)'],
  [[0x00, 0x61, 0x73, 0x6d], 'a WebAssembly module'],
  [[0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], 'an SQLite database'],
  [[0x4f, 0x67, 0x67, 0x53], 'an Ogg file'],
  [[0x49, 0x44, 0x33], 'an MP3 file'],
];

const HEAD_BYTES = 4096;
/** Control characters that no text has; a few may be there by accident. */
const MOST_CONTROL_SHARE = 0.02;

/** Returns `pdf`, `docx`, or `text` for anything that can be decoded. @throws ReadFailure `document_binary` */
export function detectContainer(bytes: Uint8Array): 'pdf' | 'docx' | 'text' {
  const head = bytes.subarray(0, HEAD_BYTES);
  if (indexOf(head.subarray(0, 1024), '%PDF-') >= 0) return 'pdf';
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04]) || startsWith(head, [0x50, 0x4b, 0x05, 0x06])) {
    if (indexOf(bytes, 'word/document.xml') >= 0) return 'docx';
    throw binary('a ZIP archive that is no DOCX document');
  }
  const known = MAGIC.find(([magic]) => startsWith(head, magic));
  if (known && !isMostlyText(head)) throw binary(known[1]);
  return 'text';
}

/** @throws ReadFailure `document_binary` when decoded text is none */
export function assertText(text: string): void {
  const sample = text.slice(0, 20_000);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const strange = sample.match(/[\u0000-\u0008\u000E-\u001A\u001C-\u001F\uFFFD]/g)?.length ?? 0;
  if (strange > Math.max(3, sample.length * MOST_CONTROL_SHARE)) throw binary('binary data');
}

/** Returns which kind of text it is. */
export function detectTextFormat(text: string, hints: Hints): Format {
  const start = text.slice(0, HEAD_BYTES).trimStart();
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype html|html|head|body)\b/i.test(start)) return 'html';
  const extension = /\.([a-z]+)$/i.exec(hints.name)?.[1]?.toLowerCase() ?? '';
  const declared = hints.contentType?.split(';')[0]!.trim().toLowerCase() ?? '';
  if ((declared === 'text/html' || ['html', 'htm'].includes(extension)) && /<\/?[a-z][^>]*>/i.test(start))
    return 'html';
  if (declared === 'text/x-rst' || extension === 'rst') return 'rst';
  if (declared === 'text/markdown' || ['md', 'markdown'].includes(extension)) return 'markdown';
  if (
    /^\.\. [\w-]+::|^:[A-Z][\w ]*: |^.+\n([=~^"'-])\1{3,}\n/m.test(start) &&
    /``|:\w+:`|\.\. /.test(text.slice(0, 20_000))
  )
    return 'rst';
  if (/^#{1,6} \S|^```|\]\(https?:/m.test(text.slice(0, 20_000))) return 'markdown';
  return 'text';
}

function isMostlyText(head: Uint8Array): boolean {
  const control = head.reduce((total, byte) => total + (byte < 9 || (byte > 13 && byte < 27) ? 1 : 0), 0);
  return control === 0;
}

function startsWith(bytes: Uint8Array, magic: number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function indexOf(bytes: Uint8Array, text: string): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(text, 0, 'latin1');
}

function binary(what: string): ReadFailure {
  return new ReadFailure(
    'document_binary',
    `is ${what}, not a document that can be read: send plain text, Markdown, reStructuredText, HTML, PDF or DOCX.`,
  );
}
