// Short text in UTF-8 is read at once, without a thread.

import { cleanText } from './clean.ts';
import { strictUtf8 } from './decode.ts';
import { assertText, detectContainer } from './detect.ts';
import { SMALL_BYTES } from './limits.ts';
import type { RawDocument, ReadTask } from './task.ts';
import { detectTextFormat } from './text-format.ts';

/** Returns the document if it is short, plain text in UTF-8, else undefined. @throws ReadFailure `document_binary`, `document_encrypted` */
export function readSmallText({ name, contentType, bytes }: ReadTask): RawDocument | undefined {
  if (bytes.length > SMALL_BYTES || detectContainer(bytes) !== 'text') return undefined;
  // A zero or an escape may be a sign of another encoding.
  const text = bytes.includes(0) || bytes.includes(0x1b) ? undefined : strictUtf8(bytes);
  if (text === undefined) return undefined;
  assertText(text);
  const format = detectTextFormat(text, { name, contentType });
  return format === 'html' ? undefined : { format, encoding: 'utf-8', ...cleanText(text) };
}
