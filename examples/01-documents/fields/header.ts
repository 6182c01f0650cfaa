// What a document's header is: names and values, in the order in which they stand.

import { decodeWords } from './encoded-words.ts';

/** The entries of a header, in order; repeated keys are joined with a comma. */
export type Header = Record<string, string>;

export type Entry = [key: string, value: string];

/** Names that plain objects have by themselves, and that a record cannot hold. */
const UNUSABLE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Returns the header with these entries: encoded words decoded, repeated keys joined, and fit for Postgres. */
export function collect(entries: Entry[]): Header {
  const header: Header = {};
  for (const [key, value] of entries) {
    if (UNUSABLE_KEYS.has(key)) continue;
    const decoded = storable(decodeWords(value));
    header[key] = Object.hasOwn(header, key) ? `${header[key]}, ${decoded}` : decoded;
  }
  return header;
}

/** Returns `value` with what goes on in `line`, as RFC 5322 §2.2.3 unfolds it; a lone dot is an empty line in control files. */
export function unfold(value: string, line: string): string {
  const more = line.trim();
  if (more === '' || more === '.') return value;
  return value === '' ? more : `${value} ${more}`;
}

/** Encoded words may hold characters that the text around them was already cleaned of. */
function storable(value: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  return value.replaceAll(/[\u0000-\u001F\u007F]+/g, ' ').toWellFormed();
}
