// Text that every part of the service can hold: one kind of line end, and nothing that Postgres refuses.

import { LONGEST_TEXT } from './limits.ts';

/** Returns `text` with `\n` line ends, without control characters and lone surrogates, and not longer than the limit. */
export function cleanText(text: string): { text: string; warnings: string[] } {
  const tidy = text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?|[\u0085\u2028\u2029\f]/g, '\n')
    // oxlint-disable-next-line no-control-regex -- control characters are what is removed
    .replaceAll(/[\u0000-\u0008\u000B\u000E-\u001F\u007F]/g, '')
    .toWellFormed();
  if (tidy.length <= LONGEST_TEXT) return { text: tidy, warnings: [] };
  return {
    text: tidy.slice(0, LONGEST_TEXT).toWellFormed(),
    warnings: [`The text has ${tidy.length} characters; only the first ${LONGEST_TEXT} were taken.`],
  };
}

/** Returns a title on one line, or undefined where nothing is left of it. */
export function cleanTitle(title: string | undefined): string | undefined {
  return (title && cleanText(title).text.replaceAll(/\s+/g, ' ').trim()) || undefined;
}
