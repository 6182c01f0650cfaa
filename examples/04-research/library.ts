// A folder of documents in reStructuredText or Markdown, cut into sections that a small model can read at once.

import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

/** A section of a document. */
export interface Section {
  /** `file#number`: what it is asked for by. */
  source: string;
  title: string;
  text: string;
}

/** What fits a small model's context with room for its answer. */
const LONGEST_SECTION = 12_000;
const SHORTEST_SECTION = 200;
const DOCUMENT = /\.(rst|md|txt)$/i;
/** The folder that RESEARCH_FOLDER names, else the documents that come with this example. */
function folder(): string {
  return resolve(process.env.RESEARCH_FOLDER || 'examples/04-research/documents');
}

/** Returns the sections of all documents that have something to do with `question`, the most promising first, `most` at most. */
export async function sectionsAbout(question: string, most: number): Promise<Section[]> {
  const sections = (await allSections()).map((section) => ({ section, words: wordsOf(section) }));
  const scores = sections.map(() => 0);
  for (const word of new Set(stems(question))) {
    const found = sections.map(({ words }) => words.get(word) ?? 0);
    // What stands everywhere says nothing about what is asked.
    const rarity = Math.log(sections.length / (1 + found.filter((times) => times > 0).length));
    for (const [n, times] of found.entries()) scores[n]! += (rarity * times) / (1 + times);
  }
  return sections
    .map(({ section }, n) => ({ section, score: scores[n]! }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.section.source.localeCompare(b.section.source))
    .slice(0, most)
    .map(({ section }) => section);
}

/** Returns a section, or undefined when there is none by that name. A name cannot lead out of the folder. */
export async function sectionOf(source: string): Promise<Section | undefined> {
  const [file = ''] = source.split('#');
  if (basename(file) !== file || !DOCUMENT.test(file)) return undefined;
  const text = await readFile(join(folder(), file), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : cut(file, text).find((section) => section.source === source);
}

async function allSections(): Promise<Section[]> {
  const files = (await readdir(folder())).filter((file) => DOCUMENT.test(file)).sort();
  const cuts = await Promise.all(files.map(async (file) => cut(file, await readFile(join(folder(), file), 'utf8'))));
  return cuts.flat();
}

/** A heading of reStructuredText is underlined, one of Markdown begins with `#`. */
const HEADING = /^(?:#{1,6} +(.+)|(\S.*)\r?\n([=\-~^"'`*+#])\3{2,})[ \t]*\r?$/gm;

function cut(file: string, text: string): Section[] {
  const headings = [...text.matchAll(HEADING)];
  const bounds = [...headings.map(({ index }) => index), text.length];
  return headings.flatMap((heading, n) => {
    const body = text.slice(bounds[n]! + heading[0].length, bounds[n + 1]).trim();
    if (body.length < SHORTEST_SECTION) return [];
    const title = (heading[1] ?? heading[2] ?? '').trim();
    return [{ source: `${file}#${n + 1}`, title, text: body.slice(0, LONGEST_SECTION) }];
  });
}

/** How often each word occurs; one in the title counts as three. */
function wordsOf({ title, text }: Section): Map<string, number> {
  const words = new Map<string, number>();
  for (const word of [...stems(text), ...stems(`${title} ${title} ${title}`)])
    words.set(word, (words.get(word) ?? 0) + 1);
  return words;
}

/** Words without the endings that make most of the difference in English. */
function stems(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]{4,}/gu) ?? [];
  return words.map((word) => word.replace(/(?:ies|ing|ed|es|s|y)$/, ''));
}
