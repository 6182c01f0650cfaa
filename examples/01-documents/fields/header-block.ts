// A document's own header: the `Key: value` lines with which e-mails, proposals, control files and front matter begin.

import { frontMatter } from './front-matter.ts';
import { collect, type Entry, type Header, unfold } from './header.ts';

export type { Header } from './header.ts';

/** Words after the first begin with a capital or a digit, other than those of a sentence. */
const KEY = /^(\p{L}[\p{L}\p{N}_.-]*(?: [\p{Lu}\p{N}(][\p{L}\p{N}_.()-]*){0,3}):(?:[ \t]+(.*)|)$/u;
/** No blank after the colon: mail allows it; addresses, paths and times look the same. */
const TIGHT_KEY = /^(\p{L}[\p{L}\p{N}_-]*):([^\s:/\\].*)$/u;
const RFC_KEY = /^([A-Z][A-Za-z -]*):(?:[ \t]+(.*)|)$/;
const RST_FIELD = /^:(\p{L}[^:\\\n]{0,60}):(?:[ \t]+(.*)|)$/u;
const SIGNED = /^-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash: .*\n)*\n/;
const LONGEST_KEY = 40;
/** A single `Key: value` line, or many with one key, is as likely a sentence or a log. */
const FEWEST_KEYS = 2;
/** How far down, behind a title, a reStructuredText field list may begin. */
const RST_SEARCH_LINES = 40;
/** A header is at the beginning, and short: what is longer is data. */
const SEARCHED_CHARACTERS = 200_000;
const MOST_ENTRIES = 500;

/** Returns the header that `text` begins with, empty where it has none. Keys keep their spelling; folded values are unfolded. */
export function headerBlock(text: string): Header {
  const start = text
    .slice(0, SEARCHED_CHARACTERS)
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n')
    .replace(SIGNED, '');
  const lines = start.split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first < 0) return {};
  const fence = lines[first]!.trimEnd();
  if (fence === '---' || fence === '+++') return collect(frontMatter(lines.slice(first + 1), fence));
  const body = lines.slice(/^From \S+ /.test(fence) ? first + 1 : first);
  const found = [keyLines, rfcHeader, fieldList].map((read) => read(body)).find((entries) => entries.length > 0);
  return collect(found ?? []);
}

/** `Key: value` lines up to the first blank line or rule, with values that go on in indented lines, and comments between them. */
function keyLines(lines: string[]): Entry[] {
  const entries: Entry[] = [];
  let tight = 0;
  for (const line of lines) {
    if (line.trim() === '' || /^[-=*_]{4,}$/.test(line.trim())) break;
    if (entries.length > MOST_ENTRIES) return [];
    const last = entries.at(-1);
    const spaced = KEY.exec(line);
    const match = spaced ?? TIGHT_KEY.exec(line);
    if (/^[ \t]/.test(line) && last) last[1] = unfold(last[1], line);
    else if (line.startsWith('#') && last) continue;
    else if (!match || match[1]!.length > LONGEST_KEY) return [];
    else {
      entries.push([match[1]!, match[2]?.trim() ?? '']);
      if (!spaced) tight += 1;
    }
  }
  return tight * 2 <= entries.length && hasSeveralKeys(entries) ? entries : [];
}

/** A reStructuredText field list, at the start or right behind the title. */
function fieldList(lines: string[]): Entry[] {
  const start = lines.slice(0, RST_SEARCH_LINES).findIndex((line) => RST_FIELD.test(line));
  if (start < 0) return [];
  const entries: Entry[] = [];
  for (const line of lines.slice(start, start + MOST_ENTRIES)) {
    if (line.trim() === '') break;
    const match = RST_FIELD.exec(line);
    const last = entries.at(-1);
    if (match) entries.push([match[1]!, match[2]?.trim() ?? '']);
    else if (/^[ \t]/.test(line) && last) last[1] = unfold(last[1], line);
    else break;
  }
  return hasSeveralKeys(entries) ? entries : [];
}

/** The two columns at the head of an internet RFC: what stands on the left with a colon; names and dates are on the right. */
function rfcHeader(lines: string[]): Entry[] {
  const end = lines.findIndex((line) => line.trim() === '');
  const block = lines.slice(0, end < 0 ? 0 : end);
  const left = block.map((line) => line.split(/ {3,}/)[0]!.trim());
  if (!left.some((line) => /^(Request for Comments|Internet-Draft)\b/.test(line))) return [];
  const entries = left.flatMap((line): Entry[] => {
    const match = RFC_KEY.exec(line);
    return match ? [[match[1]!, match[2]?.trim() ?? '']] : [];
  });
  const title = lines.slice(end).find((line) => line.trim() !== '');
  return title === undefined || entries.length === 0 ? entries : [['Title', title.trim()], ...entries];
}

function hasSeveralKeys(entries: Entry[]): boolean {
  return new Set(entries.map(([key]) => key)).size >= FEWEST_KEYS;
}
