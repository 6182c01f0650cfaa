// A document's own header: the `Key: value` lines with which e-mails, proposals, control files and front matter begin.

import { decodeWords } from './encoded-words.ts';

/** The entries of a header, in order; repeated keys are joined with a comma. */
export type Header = Record<string, string>;

/** Words after the first begin with a capital or a digit, other than those of a sentence. */
const KEY = /^([A-Za-z][A-Za-z0-9_.-]*(?: [A-Z0-9(][A-Za-z0-9_.()-]*){0,3}):(?:[ \t]+(.*)|)$/;
const RFC_KEY = /^([A-Z][A-Za-z -]*):(?:[ \t]+(.*)|)$/;
const RST_FIELD = /^:([A-Za-z][^:\\\n]{0,60}):(?:[ \t]+(.*)|)$/;
const LONGEST_KEY = 40;
/** Names that plain objects have by themselves, and that a record cannot hold. */
const UNUSABLE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** A single `Key: value` line is as likely the beginning of a sentence. */
const FEWEST_ENTRIES = 2;
/** How far down, behind a title, a reStructuredText field list may begin. */
const RST_SEARCH_LINES = 40;

/** Returns the header that `text` begins with, empty where it has none. Keys keep their spelling; folded values are unfolded. */
export function headerBlock(text: string): Header {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first < 0) return {};
  const fence = lines[first]!.trimEnd();
  if (fence === '---' || fence === '+++') return frontMatter(lines.slice(first + 1), fence);
  const body = lines.slice(/^From \S+ /.test(fence) ? first + 1 : first);
  return firstNotEmpty([() => keyLines(body), () => rfcHeader(body), () => fieldList(body)]);
}

function firstNotEmpty(readers: (() => Header)[]): Header {
  for (const read of readers) {
    const header = read();
    if (Object.keys(header).length > 0) return header;
  }
  return {};
}

/** `Key: value` lines up to the first blank line, with values that go on in indented lines (RFC 5322 §2.2.3). */
function keyLines(lines: string[]): Header {
  const entries: [string, string][] = [];
  for (const line of lines) {
    if (line.trim() === '' || /^[-=*_]{4,}$/.test(line.trim())) break;
    const match = KEY.exec(line);
    const last = entries.at(-1);
    if (/^[ \t]/.test(line) && last) last[1] = unfold(last[1], line);
    else if (match && match[1]!.length <= LONGEST_KEY) entries.push([match[1]!, match[2]?.trim() ?? '']);
    else return {};
  }
  return entries.length >= FEWEST_ENTRIES ? collect(entries) : {};
}

/** A reStructuredText field list, at the start or right behind the title. */
function fieldList(lines: string[]): Header {
  const start = lines.slice(0, RST_SEARCH_LINES).findIndex((line) => RST_FIELD.test(line));
  if (start < 0) return {};
  const entries: [string, string][] = [];
  for (const line of lines.slice(start)) {
    if (line.trim() === '') break;
    const match = RST_FIELD.exec(line);
    const last = entries.at(-1);
    if (match) entries.push([match[1]!, match[2]?.trim() ?? '']);
    else if (/^[ \t]/.test(line) && last) last[1] = unfold(last[1], line);
    else break;
  }
  return entries.length >= FEWEST_ENTRIES ? collect(entries) : {};
}

/** The two columns at the head of an internet RFC: what stands on the left with a colon; names and dates are on the right. */
function rfcHeader(lines: string[]): Header {
  const end = lines.findIndex((line) => line.trim() === '');
  const block = lines.slice(0, end < 0 ? 0 : end);
  const left = block.map((line) => line.split(/ {3,}/)[0]!.trim());
  if (!left.some((line) => /^(Request for Comments|Internet-Draft)\b/.test(line))) return {};
  const entries = left.flatMap((line): [string, string][] => {
    const match = RFC_KEY.exec(line);
    return match ? [[match[1]!, match[2]?.trim() ?? '']] : [];
  });
  const title = lines
    .slice(end)
    .find((line) => line.trim() !== '')
    ?.trim();
  return collect(title === undefined || entries.length === 0 ? entries : [['Title', title], ...entries]);
}

/** The simple values and lists of YAML (`---`) or TOML (`+++`) front matter; nested tables are passed over. */
function frontMatter(lines: string[], fence: string): Header {
  const end = lines.findIndex((line) => line.trimEnd() === fence || (fence === '---' && line.trimEnd() === '...'));
  if (end < 0) return {};
  const entries: [string, string][] = [];
  for (const line of lines.slice(0, end)) {
    const item = /^\s*-\s+(.*)$/.exec(line);
    const pair = /^["']?([A-Za-z][\w .-]*?)["']?\s*[:=]\s*(.*)$/.exec(line);
    const last = entries.at(-1);
    if (item && last) last[1] = last[1] === '' ? scalar(item[1]!) : `${last[1]}, ${scalar(item[1]!)}`;
    else if (pair) entries.push([pair[1]!, scalar(pair[2]!)]);
  }
  return collect(entries.filter(([, value]) => value !== ''));
}

function scalar(text: string): string {
  const trimmed = text.trim().replace(/^[>|][+-]?$/, '');
  const list = /^\[(.*)\]$/.exec(trimmed);
  if (list)
    return list[1]!
      .split(',')
      .map((part) => scalar(part))
      .join(', ');
  const quoted = /^(["'])(.*)\1$/.exec(trimmed);
  return quoted ? quoted[2]! : trimmed.replace(/\s+#.*$/, '');
}

function unfold(value: string, line: string): string {
  const more = line.trim();
  if (more === '' || more === '.') return value;
  return value === '' ? more : `${value} ${more}`;
}

function collect(entries: [string, string][]): Header {
  const header: Header = {};
  for (const [key, value] of entries) {
    if (UNUSABLE_KEYS.has(key)) continue;
    const decoded = decodeWords(value);
    header[key] = Object.hasOwn(header, key) ? `${header[key]}, ${decoded}` : decoded;
  }
  return header;
}
