// Front matter: the YAML between `---` or the TOML between `+++` with which pages of static sites begin.

import { type Entry, unfold } from './header.ts';

const PAIR = /^["']?(\p{L}[\p{L}\p{N}_ .-]{0,60}?)["']?\s*[:=](?:\s+(.*)|)$/u;
const ITEM = /^\s*-\s+(.*)$/;
const OPEN_LIST = /[:=]\s*\[[^\]]*$/;
const LIST_ITEM = /"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+/g;

/**
 * Returns the simple values and the lists (joined with a comma) of the front matter between `lines[0]`, behind the opening fence,
 * and the closing `fence`. Nested tables are passed over. It is empty when there is no closing fence, or prose between the two.
 */
export function frontMatter(lines: string[], fence: string): Entry[] {
  const end = closingFence(lines, fence);
  if (end < 0) return [];
  const entries: Entry[] = [];
  for (const line of joinedLists(lines.slice(0, end))) {
    if (line.trim() === '' || /^\s*#/.test(line)) continue;
    if (line.startsWith('[')) break;
    const last = entries.at(-1);
    const item = ITEM.exec(line);
    const pair = PAIR.exec(line);
    if (item && last) last[1] = last[1] === '' ? scalar(item[1]!) : `${last[1]}, ${scalar(item[1]!)}`;
    else if (/^\s/.test(line) && last) last[1] = continued(last[1], line);
    else if (pair) entries.push([pair[1]!, scalar(pair[2] ?? '')]);
    else return [];
  }
  return entries.filter(([, value]) => value !== '');
}

/** Returns the index of the line that ends the front matter, or -1. */
export function closingFence(lines: string[], fence: string): number {
  return lines.findIndex((line) => line.trimEnd() === fence || (fence === '---' && line.trimEnd() === '...'));
}

/** A line that goes on with a text, but not one of a nested table. */
function continued(value: string, line: string): string {
  return value === '' && PAIR.test(line.trim()) ? value : unfold(value, line);
}

/** Puts lists in brackets that go over several lines on one. */
function joinedLists(lines: string[]): string[] {
  const joined: string[] = [];
  let isOpen = false;
  for (const line of lines) {
    if (isOpen) joined[joined.length - 1] += ` ${line.trim()}`;
    else joined.push(line);
    isOpen = isOpen ? !line.includes(']') : OPEN_LIST.test(line);
  }
  return joined;
}

function scalar(text: string): string {
  const trimmed = text.trim().replace(/^[>|][+-]?$/, '');
  const list = /^\[(.*)\]\s*(?:#.*)?$/.exec(trimmed);
  if (list) return (list[1]!.match(LIST_ITEM) ?? []).map(scalar).filter(Boolean).join(', ');
  const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')\s*(?:#.*)?$/.exec(trimmed);
  if (quoted) return quoted[1]?.replaceAll(/\\(["\\])/g, '$1') ?? quoted[2]!.replaceAll("''", "'");
  return trimmed.replace(/(?:^|\s+)#.*$/, '');
}
