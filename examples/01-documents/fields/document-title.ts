// What a document is called: by its header, its metadata, its first heading, its first line, or its file.

import type { Header } from './header-block.ts';

const LONGEST_TITLE = 300;
const SEARCHED_LINES = 80;
const UNDERLINE = /^([=\-~^"'`#*+<>_])\1{2,}\s*$/;

/** Returns the title of a document with this text, metadata title and file name. */
export function documentTitle(
  document: { text: string; title?: string | undefined; name: string },
  header: Header,
): string {
  const given = headerTitle(header) ?? document.title?.trim();
  const title = given || heading(document.text) || firstLine(document.text) || document.name;
  return title.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_TITLE);
}

function headerTitle(header: Header): string | undefined {
  const entry = Object.entries(header).find(([key, value]) => /^(title|subject|betreff)$/i.test(key) && value !== '');
  return entry?.[1];
}

/** The first heading in Markdown or reStructuredText: `# Title`, or a line that is underlined as far as it goes. */
function heading(text: string): string | undefined {
  const lines = text.split('\n').slice(0, SEARCHED_LINES);
  for (const [index, line] of lines.entries()) {
    const atx = /^#{1,6}\s+(.+?)\s*#*$/.exec(line);
    if (atx) return plain(atx[1]!);
    const next = lines[index + 1] ?? '';
    const isText = /[\p{L}\p{N}]/u.test(line) && !/^[\s>|`-]/.test(line) && line.length < LONGEST_TITLE;
    if (isText && UNDERLINE.test(next) && next.trim().length >= Math.min(line.trim().length, 4)) return plain(line);
  }
  return undefined;
}

function firstLine(text: string): string | undefined {
  const lines = text.split('\n').slice(0, SEARCHED_LINES);
  const line = lines.find((candidate) => (candidate.match(/\p{L}/gu)?.length ?? 0) >= 3);
  return line && plain(line);
}

/** Takes Markdown and reStructuredText marks off: images and badges, links, emphasis, code. */
function plain(text: string): string {
  return text
    .replaceAll(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/<[^>]{1,200}>/g, '')
    .replaceAll(/[*_`]{1,3}([^*_`]+)[*_`]{1,3}/g, '$1')
    .trim();
}
