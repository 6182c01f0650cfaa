// From bytes to text: the byte order mark first, then what the bytes prove, then what was declared, then a guess.

import chardet from 'chardet';

export interface Decoded {
  text: string;
  encoding: string;
  warnings: string[];
}

const GUESS_BYTES = 200_000;

/** Returns the text of `bytes`; `declared` is the character set that somebody named. */
export function decode(bytes: Uint8Array, declared: string | undefined): Decoded {
  const marked = byteOrderMark(bytes);
  if (marked) return decoded(bytes, marked);
  const wide = wideEncoding(bytes);
  if (wide) return decoded(bytes, wide);
  const utf8 = tryDecode(bytes, 'utf-8');
  if (utf8 !== undefined) return { text: utf8, encoding: 'utf-8', warnings: [] };
  if (declared && !/^utf-?8$/i.test(declared)) {
    const text = tryDecode(bytes, declared);
    if (text !== undefined) return { text, encoding: declared.toLowerCase(), warnings: [] };
  }
  const guess = chardet.detect(bytes.subarray(0, GUESS_BYTES)) ?? 'windows-1252';
  const encoding = isKnown(guess) && !/^utf-8$/i.test(guess) ? guess.toLowerCase() : 'windows-1252';
  return { ...decoded(bytes, encoding), warnings: [`The encoding was not declared, or wrongly: read as ${encoding}.`] };
}

/** Returns the character set that an HTML page or a content type names. */
export function declaredCharset(bytes: Uint8Array, contentType: string | undefined): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
  const inPage = /<meta[^>]+charset=["']?\s*([\w-]+)/i.exec(head)?.[1];
  return inPage ?? /charset=["']?([\w-]+)/i.exec(contentType ?? '')?.[1];
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** UTF-16 without a mark: text in it has a zero in every second byte wherever it is Latin. */
function wideEncoding(bytes: Uint8Array): string | undefined {
  const sample = bytes.subarray(0, 4096);
  const pairs = Math.floor(sample.length / 2);
  if (pairs < 4) return undefined;
  let even = 0;
  let odd = 0;
  for (let index = 0; index < pairs * 2; index += 2) {
    if (sample[index] === 0) even += 1;
    if (sample[index + 1] === 0) odd += 1;
  }
  if (odd > pairs * 0.4 && even < pairs * 0.05) return 'utf-16le';
  if (even > pairs * 0.4 && odd < pairs * 0.05) return 'utf-16be';
  return undefined;
}

function decoded(bytes: Uint8Array, encoding: string): Decoded {
  return { text: new TextDecoder(encoding).decode(bytes), encoding, warnings: [] };
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
