// A document's body as a list of blocks (headings, paragraphs, items, lines, code, tables), whatever plain markup it is
// written in.

import { codeLines, isAdornment, isTableLine, paragraphBlocks, textWidth } from './block-rules.ts';
import { withoutComments } from './html.ts';
import { plainInline } from './inline.ts';

export type BlockKind = 'heading' | 'paragraph' | 'item' | 'line' | 'quote' | 'code' | 'table';

/** One block. `text` is plain words (markup removed), except for code and tables, which keep their lines as written. */
export interface Block {
  kind: BlockKind;
  text: string;
  /** The heading's depth from 1; 0 for every other block. */
  level: number;
}

interface Reader {
  lines: string[];
  at: number;
  blocks: Block[];
  group: string[];
  adornments: string[];
}

/**
 * Reads the blocks of Markdown, reStructuredText or plain text. Never throws: what it does not recognise is a
 * paragraph.
 */
export function readBlocks(body: string): Block[] {
  const text = withoutComments(body)
    .replace(/\r\n?/g, '\n')
    .replace(
      /^[ \t]*<h([1-6])\b[^>]*>([^\n]*?)<\/h\1>\s*$/gim,
      (_whole, level: string, title: string) => `\n${'#'.repeat(Number(level))} ${title}\n`,
    )
    .replace(/\f/g, '\n')
    .replace(/[\u200b\u2060\ufeff]/g, '')
    .replace(/\u00a0/g, ' ')
    .replace(/\t/g, '    ');
  const reader: Reader = { lines: withoutMargin(text.split('\n')), at: 0, blocks: [], group: [], adornments: [] };
  while (reader.at < reader.lines.length) readOne(reader);
  flush(reader);
  return reader.blocks;
}

function readOne(reader: Reader): void {
  const line = reader.lines[reader.at]!;
  if (line.trim() === '') {
    flush(reader);
    reader.at += 1;
  } else if (
    !(
      fence(reader, line) ||
      directive(reader, line) ||
      heading(reader, line) ||
      table(reader, line) ||
      item(reader, line) ||
      indented(reader, line)
    )
  ) {
    if (!/^\s{0,3}\[[^\]]+\]:\s+\S+/.test(line) && !/^[ \t]*:[\w -]+:$/.test(line)) reader.group.push(line);
    reader.at += 1;
  }
}

/** Ends the paragraph that is being gathered. */
function flush(reader: Reader): void {
  if (reader.group.length === 0) return;
  reader.blocks.push(...paragraphBlocks(reader.group));
  reader.group = [];
}

function push(reader: Reader, kind: BlockKind, text: string, level = 0): void {
  flush(reader);
  if (text.trim() !== '') reader.blocks.push({ kind, text, level });
}

/** Documents that are indented as a whole (letters, printed standards) lose their common left margin. */
function withoutMargin(lines: string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  if (indents.length < 3) return lines;
  const sorted = indents.toSorted((a, b) => a - b);
  const margin = sorted[Math.floor(sorted.length * 0.1)] ?? 0;
  return margin === 0 ? lines : lines.map((line) => line.replace(new RegExp(`^ {1,${margin}}`), ''));
}

function fence(reader: Reader, line: string): boolean {
  const mark = /^[ \t]*(`{3,}|~{3,})/.exec(line)?.[1];
  if (mark === undefined || /`{3}.*`{3}/.test(line)) return false;
  const close = new RegExp(`^\\s*${mark[0]}{${mark.length},}\\s*$`);
  let last = reader.at + 1;
  while (last < reader.lines.length && !close.test(reader.lines[last]!)) last += 1;
  push(reader, 'code', reader.lines.slice(reader.at + 1, last).join('\n'));
  reader.at = last + 1;
  return true;
}

/** reStructuredText directives, comments, targets and footnotes: the line and everything indented below it. */
function directive(reader: Reader, line: string): boolean {
  const indent = /^(\s*)\.\.(?:\s|$)/.exec(line)?.[1]?.length;
  if (indent === undefined) return false;
  flush(reader);
  reader.at += 1;
  while (reader.at < reader.lines.length) {
    const next = reader.lines[reader.at]!;
    if (next.trim() !== '' && next.length - next.trimStart().length <= indent) break;
    reader.at += 1;
  }
  return true;
}

function heading(reader: Reader, line: string): boolean {
  const atx = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (atx) {
    push(reader, 'heading', plainInline(atx[2]!) || imageText(atx[2]!), atx[1]!.length);
    reader.at += 1;
    return true;
  }
  const next = reader.lines[reader.at + 1] ?? '';
  const third = reader.lines[reader.at + 2] ?? '';
  if (isAdornment(line) && next.trim() !== '' && isAdornment(third) && third.trim()[0] === line.trim()[0]) {
    adorned(reader, next, `over${line.trim()[0]}`, 3);
    return true;
  }
  if (isAdornment(line) && reader.group.length === 0) {
    reader.at += 1;
    return true;
  }
  const single = reader.group.length === 0 && /^\S/.test(line) && !isAdornment(line);
  if (single && isAdornment(next) && next.trim().length >= Math.max(3, 0.7 * textWidth(line.trim()))) {
    adorned(reader, line, next.trim()[0]!, 2);
    return true;
  }
  return false;
}

function adorned(reader: Reader, title: string, style: string, lines: number): void {
  if (!reader.adornments.includes(style)) reader.adornments.push(style);
  push(reader, 'heading', plainInline(title), reader.adornments.indexOf(style) + 1);
  reader.at += lines;
}

function imageText(markup: string): string {
  return plainInline(/!\[([^\]]+)\]/.exec(markup)?.[1] ?? /alt="([^"]+)"/.exec(markup)?.[1] ?? '');
}

function table(reader: Reader, line: string): boolean {
  if (!isTableLine(line)) return false;
  const simple = /^[ \t]*=+(?:\s+=+)+\s*$/.test(line);
  let end = reader.at + 1;
  while (end < reader.lines.length && (simple ? reader.lines[end]!.trim() !== '' : isTableLine(reader.lines[end]!)))
    end += 1;
  push(reader, 'table', reader.lines.slice(reader.at, end).join('\n'));
  reader.at = end;
  return true;
}

/** A list item with the lines that continue it; a new mark, a blank line or a step back to the left ends it. */
function item(reader: Reader, line: string): boolean {
  const mark = /^(\s*)([-*+•‣–]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+(?=\S)/.exec(line);
  if (!mark || (reader.group.length > 0 && /^[ \t]*\d/.test(line) && !/^[ \t]*1[.)]/.test(line))) return false;
  if (/^\d+(?:\.\d+)*\.?\s+[\p{Lu}\s\d]{3,}$/u.test(line) && (reader.lines[reader.at + 1] ?? '').trim() === '')
    return false;
  const parts = [line.slice(mark[0].length)];
  reader.at += 1;
  while (reader.at < reader.lines.length) {
    const next = reader.lines[reader.at]!;
    if (next.trim() === '' || /^[ \t]*([-*+•‣–]|\(?\d{1,3}[.)])\s/.test(next) || /^\s{0,3}(#{1,6}\s|`{3})/.test(next))
      break;
    if (next.length - next.trimStart().length < mark[1]!.length) break;
    parts.push(next.trim());
    reader.at += 1;
  }
  push(reader, 'item', plainInline(parts.join(' ').replace(/^\[[ xX]\]\s+/, '')));
  return true;
}

/** An indented chunk is code after `::`, or when its lines look like code; otherwise it is ordinary prose. */
function indented(reader: Reader, line: string): boolean {
  const before = reader.blocks.at(-1);
  const literal = reader.group.length === 0 && before !== undefined && before.text.endsWith('::');
  if (
    reader.group.length > 0 ||
    !/^ {2,}\S/.test(line) ||
    !(literal || /^ {4}/.test(line) || /^[ \t]*(>>>|\$ )/.test(line))
  ) {
    return prompt(reader, line);
  }
  let end = reader.at;
  while (end < reader.lines.length && (reader.lines[end]!.trim() === '' || /^ {2,}/.test(reader.lines[end]!))) end += 1;
  const chunk = reader.lines.slice(reader.at, end);
  if (!literal && codeLines(chunk) < 0.4) return false;
  if (literal) before.text = before.text.replace(/\s*::$/, ':');
  push(reader, 'code', chunk.join('\n'));
  reader.at = end;
  return true;
}

/** An interactive session (`>>> …`) that stands at the margin runs to the next blank line. */
function prompt(reader: Reader, line: string): boolean {
  if (reader.group.length > 0 || !/^[ \t]*>>> /.test(line)) return false;
  let end = reader.at;
  while (end < reader.lines.length && reader.lines[end]!.trim() !== '') end += 1;
  push(reader, 'code', reader.lines.slice(reader.at, end).join('\n'));
  reader.at = end;
  return true;
}
