// Text as Postgres can hold it.

/** Returns `text` with U+FFFD in place of every U+0000, which no text of Postgres can hold. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
