// What the checks need to know of a Markdown file: its fenced code blocks, its links and its headings.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced code block. */
export interface CodeBlock {
  file: string;
  /** The line (from 1) of the block's first line of code. */
  line: number;
  /** The first word after the fence, such as `ts`; empty when there is none. */
  language: string;
  /** What follows the language, such as `continues`. */
  meta: string;
  /** The file that the block quotes, when the line before it is `<!-- from: path -->`. */
  from: string | undefined;
  text: string;
}

export interface Link {
  target: string;
  line: number;
}

const FENCE = /^( *)(`{3,}|~{3,})([^`]*)$/;
const FROM = /^<!-- from: (\S+) -->$/;

/** Returns the fenced code blocks of the Markdown file `file` below `root`, in order. Blocks inside a block are its text. */
export function codeBlocks(file: string, root = process.cwd()): CodeBlock[] {
  return blocksOf(file, readFileSync(join(root, file), 'utf8'));
}

/** Returns the fenced code blocks of `markdown`, the text of `file`. */
export function blocksOf(file: string, markdown: string): CodeBlock[] {
  const lines = markdown.split('\n');
  const blocks: CodeBlock[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent, fence, info] = FENCE.exec(lines[index]!) ?? [];
    if (fence === undefined) continue;
    const end = endOfBlock(lines, index, fence);
    const [language = '', ...meta] = info!.trim().split(/\s+/);
    const code = lines.slice(index + 1, end).map((line) => line.replace(new RegExp(`^ {0,${indent!.length}}`), ''));
    const from = FROM.exec(lines[index - 1]?.trim() ?? '')?.[1];
    blocks.push({ file, line: index + 2, language, meta: meta.join(' '), from, text: `${code.join('\n')}\n` });
    index = end;
  }
  return blocks;
}

function endOfBlock(lines: string[], start: number, fence: string): number {
  const end = lines.findIndex((line, index) => {
    const closing = line.trim();
    return index > start && closing.startsWith(fence) && closing.replaceAll(fence[0]!, '') === '';
  });
  return end < 0 ? lines.length : end;
}

/** Returns the links and images of `markdown`; those in code do not count. */
export function linksOf(markdown: string): Link[] {
  const inline = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
  const reference = /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/g;
  return proseLines(markdown).flatMap((prose, index) =>
    [inline, reference].flatMap((pattern) =>
      [...prose.matchAll(pattern)].map((match) => ({ target: match[1]!, line: index + 1 })),
    ),
  );
}

/** Returns the text of the headings of `markdown`, marks such as backticks included. */
export function headingsOf(markdown: string): string[] {
  const lines = withoutBlocks(markdown);
  return lines.flatMap((line) => /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1] ?? []);
}

/** Returns the fragments (`#…`) under which a reader can link to the headings of `markdown`, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = headingsOf(markdown).map((heading) => {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set(anchors);
}

/** The lines of `markdown`, empty where there is a code block, so that line numbers stay. */
function withoutBlocks(markdown: string): string[] {
  const lines = markdown.split('\n');
  for (const block of blocksOf('', markdown)) {
    const length = block.text.split('\n').length - 1;
    lines.fill('', block.line - 2, block.line + length);
  }
  return lines;
}

function proseLines(markdown: string): string[] {
  return withoutBlocks(markdown).map((line) => line.replaceAll(/`[^`]*`/g, ''));
}
