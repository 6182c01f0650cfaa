// Text, and JSON, as Postgres can hold them.

/** Returns `text` with U+FFFD in place of every U+0000, which no text of Postgres can hold. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

/** `\u0000`, and halves of surrogate pairs, in JSON as `JSON.stringify` writes it (ECMA-262, section 25.5.2.3). */
const NOT_HELD = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/** Returns `value`, which is JSON, as text with U+FFFD in place of what Postgres' `jsonb` cannot hold. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(NOT_HELD, '$1\\ufffd');
}

/** Tells whether `value`, which is JSON, is the same after Postgres' `jsonb` has held it. */
export function isStorableJson(value: unknown): boolean {
  return storableJson(value) === JSON.stringify(value);
}
