// The small judgements behind reading blocks: is this line an underline, a table, code; is this group a paragraph or
// separate lines.

import type { Block } from './blocks.ts';
import { plainInline } from './inline.ts';

/** The width of a text in columns, near enough: astral characters count once. */
export function textWidth(text: string): number {
  return [...text].length;
}

/** Whether a line is only the repeated punctuation that underlines a heading or rules a page. */
export function isAdornment(line: string): boolean {
  return /^\s{0,3}([=\-~^"'*+#`:._])\1{2,}\s*$/.test(line);
}

/** Whether a line belongs to a table: pipes, or the rulers of reStructuredText grids. */
export function isTableLine(line: string): boolean {
  return (
    /^[ \t]*\|.*\|\s*$/.test(line) ||
    /^[ \t]*\+(?:[-=]{2,}\+)+\s*$/.test(line) ||
    /^[ \t]*=+(?:\s+=+)+\s*$/.test(line) ||
    /^[ \t]*:?-{3,}:?\s*\|/.test(line) ||
    /\S\s+\|\s+\S.*\s\|\s+\S/.test(line)
  );
}

/** The share of non-blank lines that look like program text, from 0 to 1. */
export function codeLines(lines: readonly string[]): number {
  const full = lines.filter((line) => line.trim() !== '');
  return full.length === 0 ? 0 : full.filter(looksLikeCode).length / full.length;
}

const codeStart =
  /^(?:>>>|\.\.\. |\$ |% |def |class |import |from \S+ import|return\b|if .*[:{]$|for .*[:{]$|while .*[:{]$|else\b.*[:{]?$|elif |try:|except|raise |with .*:$|function\b|const |let |var |public |private |static |#include|#define|SELECT |INSERT |npm |npx |pip |git |cd |sudo |curl |@\w+|\/\/|\/\*|\*\/|<\?|<\/?\w+[^>]*>$)/;

/** Whether one line looks like program text, a shell command or a data literal. */
function looksLikeCode(line: string): boolean {
  const text = line.trim();
  if (codeStart.test(text) || /[;{}]$|^[}\])]/.test(text) || /^#\s?\S.*[=(]/.test(text)) return true;
  if (/^[\w.[\]"']+\s*(?:[+*/|-]?=|:=|=>|->)\s*\S/.test(text) || /^[\w.]+\([^)]*\)?[;:]?$/.test(text)) return true;
  const symbols = text.replace(/[\w\s.,'"!?-]/g, '').length;
  return text.length > 3 && symbols / text.length > 0.2;
}

const fieldLike = /^(?:[A-ZÄÖÜ][\w.äöüß/&' -]{0,32}:(?:\s+\S.*)?|:[\w -]+:\s+\S.*)$/;

/**
 * Turns a group of consecutive lines into one paragraph, or into a block a line where the lines stand for themselves.
 */
export function paragraphBlocks(group: readonly string[]): Block[] {
  const lines = group.map((line) =>
    line
      .trim()
      .replace(/^(\*\*|__)([^*_]+?:)\1/, '$2')
      .replace(/^(\*\*|__)([^*_]+?)\1:/, '$2:'),
  );
  if (lines.every((line) => line.startsWith('>')))
    return one('quote', lines.map((line) => line.replace(/^(>\s?)+/, '')).join(' '));
  if (lines.length === 1) return single(lines[0]!);
  const inner = lines.slice(0, -1);
  const median = inner.map((line) => line.length).toSorted((a, b) => a - b)[Math.floor(inner.length / 2)]!;
  const fields = lines.filter((line) => fieldLike.test(line)).length;
  const goesOn = lines.slice(1).filter((line) => /^\p{Ll}/u.test(line)).length > inner.length / 2;
  const separate = (median < 40 && !goesOn) || fields >= 0.6 * lines.length;
  if (!separate) return one('paragraph', joinLines(lines));
  return lines.flatMap((line) => one(isSentence(line) ? 'paragraph' : 'line', line));
}

function one(kind: Block['kind'], text: string, level = 0): Block[] {
  const plain = plainInline(text);
  return /[\p{L}\d]/u.test(plain) ? [{ kind, text: plain, level }] : [];
}

function isSentence(line: string): boolean {
  return /[.!?]["')\]]?$/.test(line) && line.split(/\s+/).length >= 5;
}

/** A line alone between blank lines: a heading in plain text when it is written like one. */
function single(line: string): Block[] {
  const text = line.trim();
  const short = text.length <= 80 && !/[.!?:;,]$/.test(text);
  const capitals = /[A-Z]{2}/.test(text) && text === text.toUpperCase() && text.split(/\s+/).length <= 10;
  const numbered =
    /^(?:\d+(?:\.\d+)*\.?|[IVX]+\.|(?:article|section|chapter|part|appendix|annex|§)\s*\w+\.?:?)\s+\p{Lu}/iu.test(text);
  if (short && (capitals || numbered) && /\p{L}{2}/u.test(text)) return one('heading', text, capitals ? 2 : 3);
  return one(short && text.split(/\s+/).length <= 12 ? 'line' : 'paragraph', text);
}

/**
 * Joins hard-wrapped lines; a word broken by a hyphen is mended when the whole word stands elsewhere in the paragraph.
 */
function joinLines(lines: readonly string[]): string {
  const text = lines.join('\n');
  return text
    .replace(/(\p{L}{2,})-\n(\p{Ll}{2,})/gu, (_whole, start: string, end: string) =>
      text.includes(start + end) ? start + end : `${start}-${end}`,
    )
    .replaceAll('\n', ' ');
}
