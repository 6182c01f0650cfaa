// From bytes to text: the byte order mark first, then what the bytes prove, then what was declared, then a guess.

import chardet from 'chardet';
import { wideEncoding } from './wide-encoding.ts';

export interface Decoded {
  text: string;
  encoding: string;
  warnings: string[];
}

const GUESS_BYTES = 200_000;
const HEAD_BYTES = 4096;
/** UTF-8 with a few broken characters has this many whole ones for each of them; other encodings have hardly any. */
const WHOLE_FOR_EACH_BROKEN = 4;

/** Returns the text of `bytes`; `declared` is the character set that somebody named. */
export function decode(bytes: Uint8Array, declared: string | undefined): Decoded {
  const marked = byteOrderMark(bytes);
  if (marked) return decoded(bytes, marked);
  const wide = wideEncoding(bytes);
  if (wide) return decoded(bytes, wide);
  const japanese = escapedJapanese(bytes, declared);
  if (japanese) return japanese;
  const utf8 = strictUtf8(bytes);
  if (utf8 !== undefined) return { text: utf8, encoding: 'utf-8', warnings: [] };
  // Wide encodings would have been found above: whoever declares one here is wrong.
  if (declared && !/^utf-?(?:8|16|32)/i.test(declared)) {
    const text = tryDecode(bytes, declared);
    if (text !== undefined) return { text, encoding: declared.toLowerCase(), warnings: [] };
  }
  return brokenUtf8(bytes) ?? guessed(bytes);
}

/** Returns the text if the bytes are UTF-8 throughout, else undefined. */
export function strictUtf8(bytes: Uint8Array): string | undefined {
  return tryDecode(bytes, 'utf-8');
}

/** Returns the character set that an HTML page or a content type names. */
export function declaredCharset(bytes: Uint8Array, contentType: string | undefined): string | undefined {
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1');
  const inPage = /<meta[^>]+charset=["']?\s*([\w-]+)/i.exec(head)?.[1];
  return inPage ?? /charset=["']?([\w-]+)/i.exec(contentType ?? '')?.[1];
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** ISO-2022-JP writes Japanese in seven bits, with escapes: to UTF-8 it looks like plain ASCII. */
function escapedJapanese(bytes: Uint8Array, declared: string | undefined): Decoded | undefined {
  const head = bytes.subarray(0, GUESS_BYTES);
  if (!head.includes(0x1b)) return undefined;
  if (!/^iso-2022-jp/i.test(declared ?? chardet.detect(head) ?? '')) return undefined;
  const text = tryDecode(bytes, 'iso-2022-jp');
  return text === undefined ? undefined : { text, encoding: 'iso-2022-jp', warnings: [] };
}

function brokenUtf8(bytes: Uint8Array): Decoded | undefined {
  const text = new TextDecoder('utf-8').decode(bytes);
  const broken = text.match(/\uFFFD/g)?.length ?? 0;
  const whole = text.match(/[\u0080-\uFFFC\u{10000}-\u{10FFFF}]/gu)?.length ?? 0;
  return whole >= broken * WHOLE_FOR_EACH_BROKEN ? { text, encoding: 'utf-8', warnings: lossOf(text) } : undefined;
}

function guessed(bytes: Uint8Array): Decoded {
  const guess = chardet.detect(bytes.subarray(0, GUESS_BYTES)) ?? 'windows-1252';
  const encoding = isKnown(guess) && !/^utf-/i.test(guess) ? guess.toLowerCase() : 'windows-1252';
  const { text, warnings } = decoded(bytes, encoding);
  return {
    text,
    encoding,
    warnings: [`The encoding was not declared, or wrongly: read as ${encoding}.`, ...warnings],
  };
}

function decoded(bytes: Uint8Array, encoding: string): Decoded {
  const text = new TextDecoder(encoding).decode(bytes);
  return { text, encoding, warnings: lossOf(text) };
}

function lossOf(text: string): string[] {
  const lost = text.match(/\uFFFD/g)?.length ?? 0;
  return lost === 0 ? [] : [`${lost} characters could not be decoded and are shown as \uFFFD.`];
}

function tryDecode(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isKnown(encoding: string): boolean {
  try {
    return new TextDecoder(encoding).encoding !== '';
  } catch {
    return false;
  }
}
