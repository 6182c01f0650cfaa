// What a document is called: by its header, its metadata, its first heading, its first line, or its file.

import { closingFence } from './front-matter.ts';
import type { Header } from './header.ts';

const TITLE_KEY = /^(?:title|subject|titel|betreff|objet|titre|asunto|título|oggetto|titolo|onderwerp|assunto)$/iu;
/** What control files call the thing that they are about. */
const NAME_KEY = /^(?:name|upstream-name|package|source)$/i;
const LONGEST_TITLE = 300;
/** Where a title would be: near the beginning. */
const SEARCHED_CHARACTERS = 20_000;
const SEARCHED_LINES = 80;
const UNDERLINE = /^([=\-~^"'`#*+<>_])\1{2,}\s*$/;
const CODE_FENCE = /^\s*(?:```|~~~)/;
const HTML_HEADING = /<h1\b[^>]{0,200}>([\s\S]{0,500}?)<\/h1>/i;

/** Returns the title of a document with this text, metadata title and file name. */
export function documentTitle(
  document: { text: string; title?: string | undefined; name: string },
  header: Header,
): string {
  const given = valueOf(header, TITLE_KEY) ?? document.title?.trim();
  const lines = given ? [] : bodyLines(document.text, header);
  const title = given || heading(lines) || valueOf(header, NAME_KEY) || firstLine(lines) || document.name;
  return shortened(title.replaceAll(/\s+/g, ' ').trim());
}

function valueOf(header: Header, name: RegExp): string | undefined {
  return Object.entries(header).find(([key, value]) => name.test(key) && value !== '')?.[1];
}

/** The first lines behind the header. */
function bodyLines(text: string, header: Header): string[] {
  const lines = text.slice(0, SEARCHED_CHARACTERS).split(/\r\n?|\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  const line = lines[first]?.trimEnd() ?? '';
  const key = Object.keys(header)[0];
  let skipped = 0;
  if (line === '---' || line === '+++') skipped = first + 1 + closingFence(lines.slice(first + 1), line) + 1;
  else if (key !== undefined && line.replace(/^\uFEFF/, '').startsWith(`${key}:`)) {
    const blank = lines.slice(first).findIndex((candidate) => candidate.trim() === '');
    skipped = blank < 0 ? lines.length : first + blank;
  }
  return lines.slice(skipped, skipped + SEARCHED_LINES);
}

/** The first heading in Markdown, reStructuredText or HTML: `# Title`, `<h1>`, or a line that is underlined. */
function heading(lines: string[]): string | undefined {
  const html = HTML_HEADING.exec(lines.join('\n'));
  const htmlTitle = html ? plain(html[1]!.replaceAll('\n', ' ')) : '';
  const htmlLine = html && htmlTitle !== '' ? html.input.slice(0, html.index).split('\n').length - 1 : lines.length;
  let isCode = false;
  for (const [index, line] of lines.entries()) {
    if (index >= htmlLine) return htmlTitle;
    if (CODE_FENCE.test(line)) isCode = !isCode;
    if (isCode) continue;
    const title = headingAt(lines, index);
    if (title) return title;
  }
  return undefined;
}

function headingAt(lines: string[], index: number): string | undefined {
  const line = lines[index]!;
  const atx = /^#{1,6}\s+(\S.{0,1000}?)\s*#*$/.exec(line);
  if (atx) return plain(atx[1]!);
  const next = lines[index + 1] ?? '';
  // A title between two rules may be indented.
  const isInside = UNDERLINE.test(lines[index - 1] ?? '') && lines[index - 1]!.trim() === next.trim();
  const isText = /[\p{L}\p{N}]/u.test(line) && (isInside || !/^[\s>|`-]/.test(line)) && line.length < LONGEST_TITLE;
  const isUnderlined = UNDERLINE.test(next) && next.trim().length >= Math.min(line.trim().length, 4);
  return isText && isUnderlined ? plain(line) : undefined;
}

/** The first line with words; not one of a comment, a directive, or nothing but images. */
function firstLine(lines: string[]): string | undefined {
  for (const line of lines) {
    if (/^\s*(?:<!--|\.\. |#!|:\p{L}[^:]*:)/u.test(line)) continue;
    const words = plain(line.slice(0, 1000)).replace(/^(?:\/[/*]+|\*+|--+|[;%#>]+)\s+/, '');
    if ((words.match(/\p{L}/gu)?.length ?? 0) >= 3) return words;
  }
  return undefined;
}

/** Takes Markdown and reStructuredText marks off: images and badges, links, emphasis, code. */
function plain(text: string): string {
  return text
    .replaceAll(/!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])/g, '')
    .replaceAll(/\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, '$1')
    .replaceAll(/<[^>]{1,200}>/g, '')
    .replaceAll(/([*`]{1,3})([^*`]+)\1/g, '$2')
    .replaceAll(/(?<![\p{L}\p{N}_])(_{1,3})([^_]+)\1(?![\p{L}\p{N}_])/gu, '$2')
    .trim();
}

/** Cuts what is no title but a paragraph, between words where it can. */
function shortened(title: string): string {
  if (title.length <= LONGEST_TITLE) return title;
  const part = title.slice(0, LONGEST_TITLE - 1);
  const end = part.lastIndexOf(' ');
  return `${part.slice(0, end > LONGEST_TITLE / 2 ? end : undefined).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
