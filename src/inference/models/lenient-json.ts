// Reads JSON as models write it: with comments, commas too many, quotes of other languages. What was cut off is not completed.

/** What stands at a place of a text: a value up to `end`, nothing that could be read, or the beginning of something that was cut off. */
export type Found = { value: unknown; end: number } | 'broken' | 'cut off';

/** Nothing sensible is nested deeper. */
const DEEPEST = 200;
const SPACE = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const WORDS: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  null: null,
  True: true,
  False: false,
  None: null,
};
const CLOSING: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”', '‘': '’' };
/** What a string says before its end, or before an escape. */
const SAID: Readonly<Record<string, RegExp>> = { '"': /[^"\\]*/y, "'": /[^'\\]*/y, '”': /[^”\\]*/y, '’': /[^’\\]*/y };
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/**
 * Reads the value that begins at `start`. Beyond JSON it takes comments, a comma before a closing bracket, keys without quotes, strings in
 * single or typographic quotes and with line breaks in them, and Python's words. It guesses at nothing that is missing.
 */
export function readLenientJson(text: string, start = 0): Found {
  const reader = new Reader(text, start);
  try {
    const value = reader.value(0);
    return { value, end: reader.at };
  } catch (error) {
    if (error instanceof Unreadable) return error.found;
    throw error;
  }
}

class Unreadable extends Error {
  readonly found: 'broken' | 'cut off';

  constructor(found: 'broken' | 'cut off') {
    super(found);
    this.found = found;
  }
}

class Reader {
  readonly #text: string;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) throw new Unreadable('broken');
    const sign = this.#next();
    if (sign === '{') return this.#object(depth);
    if (sign === '[') return this.#array(depth);
    if (sign in CLOSING) return this.#string();
    const word = this.#match(WORD);
    if (word !== undefined && Object.hasOwn(WORDS, word)) return WORDS[word];
    const number = word === undefined ? this.#match(NUMBER) : undefined;
    if (number === undefined) throw new Unreadable(this.#isAtEnd ? 'cut off' : 'broken');
    const value: number = JSON.parse(number);
    // JSON has no word for it, and would have none in its place.
    if (!Number.isFinite(value)) throw new Unreadable('broken');
    return value;
  }

  #object(depth: number): object {
    const entries: [string, unknown][] = [];
    this.at += 1;
    while (this.#next() !== '}') {
      const key = (this.#text[this.at] ?? '') in CLOSING ? this.#string() : this.#match(WORD);
      if (key === undefined) throw new Unreadable('broken');
      this.#expect(':');
      entries.push([key, this.value(depth + 1)]);
      if (this.#next() !== '}') this.#expect(',');
    }
    this.at += 1;
    return Object.fromEntries(entries);
  }

  #array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.at += 1;
    while (this.#next() !== ']') {
      items.push(this.value(depth + 1));
      if (this.#next() !== ']') this.#expect(',');
    }
    this.at += 1;
    return items;
  }

  #string(): string {
    const closing = CLOSING[this.#text[this.at]!]!;
    let read = '';
    for (this.at += 1; ; this.at += 1) {
      read += this.#match(SAID[closing]!);
      if (this.#isAtEnd) throw new Unreadable('cut off');
      if (this.#text[this.at] === closing) break;
      read += this.#escaped();
    }
    this.at += 1;
    return read;
  }

  #escaped(): string {
    this.at += 1;
    const sign = this.#text[this.at];
    if (sign === undefined) throw new Unreadable('cut off');
    if (sign !== 'u') return ESCAPES[sign] ?? sign;
    const code = this.#text.slice(this.at + 1, this.at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(code)) throw new Unreadable(this.at + 5 > this.#text.length ? 'cut off' : 'broken');
    this.at += 4;
    return String.fromCharCode(Number.parseInt(code, 16));
  }

  get #isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  /** Goes past what does not count, and returns the sign there. */
  #next(): string {
    this.#match(SPACE);
    if (this.#isAtEnd) throw new Unreadable('cut off');
    return this.#text[this.at]!;
  }

  #expect(sign: string): void {
    if (this.#next() !== sign) throw new Unreadable('broken');
    this.at += 1;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }
}
