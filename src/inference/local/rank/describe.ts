// What can be said of a document that has hardly any sentences: its labelled values, its items, or the form of its
// data.

import type { Analysis } from '../analysis.ts';
import type { Block } from '../read/blocks.ts';
import { sectionWeight } from '../read/sections.ts';
import type { SummarySize } from './summary.ts';

/**
 * Sentences made only of what stands in the document, after those that could be quoted; never more than `size` allows.
 */
export function describe(analysis: Analysis, quoted: readonly string[], size: SummarySize): string[] {
  const made = [
    formOf(analysis),
    factsOf(analysis),
    itemsOf(analysis.blocks),
    quoted.length === 0 ? linesOf(analysis.blocks) : undefined,
  ].filter((text) => text !== undefined);
  const kept: string[] = [];
  let left = size.maxChars;
  for (const text of [...(analysis.shape === 'prose' ? made.slice(0, 1) : made), ...quoted]) {
    if (kept.length >= size.sentences || text.length > left || repeats(text, kept)) continue;
    kept.push(text);
    left -= text.length + 1;
  }
  return kept;
}

/** Whether nearly every word of the text stands in what is said already. */
function repeats(text: string, said: readonly string[]): boolean {
  const known = new Set(
    said
      .join(' ')
      .toLowerCase()
      .match(/[\p{L}\d]+/gu),
  );
  const words = text.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
  return words.filter((word) => known.has(word)).length > words.length * 0.8;
}

/** What a reader wants to know first: the sum, then numbers, dates and parties. */
const telling = [
  /\b(?:total|amount|balance|gesamt|betrag|summe)/i,
  /\b(?:date|due|datum|status|version)\b/i,
  /\b(?:no|number|nr|from|to|subject|customer|bill|author|name|rechnung)/i,
];
const mostFacts = 5;

function rankOf(label: string): number {
  return [...telling, /^/].findIndex((words) => words.test(label));
}

/** "INVOICE: Invoice No. INV-1; Total due EUR 12.00." */
function factsOf(analysis: Analysis): string | undefined {
  const title = analysis.title ?? '';
  const seen = new Set<string>();
  const fields = analysis.labelled.filter(({ label, value }) => {
    const fresh = !seen.has(value) && !title.includes(value) && value.length <= 80 && label.length <= 40;
    seen.add(value);
    return fresh;
  });
  const chosen = fields.toSorted((a, b) => rankOf(a.label) - rankOf(b.label)).slice(0, mostFacts);
  if (chosen.length < 2) return undefined;
  const facts = fields
    .filter((field) => chosen.includes(field))
    .map(({ label, value }) => `${label.replace(/[.:]+$/, '')} ${value}`);
  return stopped(`${title === '' ? '' : `${title}: `}${facts.join('; ')}`);
}

/** "1.2.0: first item; second item." for change logs, agendas and other lists below a heading. */
function itemsOf(all: readonly Block[]): string | undefined {
  const blocks = withoutBackMatter(all);
  const first = blocks.findIndex((block, index) => block.kind === 'item' && blocks[index + 1]?.kind === 'item');
  const at = first >= 0 ? first : blocks.findIndex((block) => block.kind === 'item');
  if (at < 0) return undefined;
  const items: string[] = [];
  for (let index = at; blocks[index]?.kind === 'item' && items.length < 3; index += 1)
    items.push(blocks[index]!.text.replace(/[.;,\s]+$/, '').slice(0, 160));
  const headings = blocks
    .slice(0, at)
    .filter((block) => block.kind === 'heading')
    .slice(-2);
  const title = headings
    .filter((block, index) => index === headings.length - 1 || block.level < headings.at(-1)!.level)
    .map((block) => block.text);
  return stopped(`${title.length > 0 ? `${title.join(', ')}: ` : ''}${items.join('; ')}`);
}

/** The blocks outside sections such as References, which tell nothing of the document. */
function withoutBackMatter(blocks: readonly Block[]): Block[] {
  let weight = 1;
  return blocks.filter((block) => {
    if (block.kind === 'heading') weight = sectionWeight(block.text);
    return weight > 0;
  });
}

/** The first lines, for documents of short lines only. */
function linesOf(blocks: readonly Block[]): string | undefined {
  const lines = blocks
    .filter((block) => block.kind !== 'code' && block.kind !== 'table')
    .slice(0, 5)
    .map((block) => block.text.slice(0, 120).replace(/[.;:,\s]+$/, ''));
  return lines.length === 0 ? undefined : stopped(lines.join('; '));
}

function stopped(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** What data, logs and settings files are: counts and names that a reader could check. */
function formOf({ shape, text, blocks }: Analysis): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (shape === 'rows') {
    const separator = [',', '\t', ';', '|'].toSorted(
      (a, b) => lines[0]!.split(b).length - lines[0]!.split(a).length,
    )[0]!;
    const columns = lines[0]!.split(separator).map((cell) => cell.replaceAll('"', '').trim());
    return `Table of ${lines.length - 1} rows with the columns ${listed(columns)}.`;
  }
  if (shape === 'log') {
    const errors = lines.filter((line) => /\b(?:ERROR|FATAL|CRITICAL|panic|exception)\b/i.test(line)).length;
    const times = [lines[0]!, lines.at(-1)!].map(
      (line) => /\d{4}-\d{2}-\d{2}[T ][\d:]+|[A-Z][a-z]{2} +\d+ [\d:]+|\d{2}:\d{2}:\d{2}/.exec(line)?.[0],
    );
    const span = times[0] && times[1] ? ` from ${times[0]} to ${times[1]}` : '';
    return `Log of ${lines.length} lines${span}, ${errors} of them about errors.`;
  }
  if (shape === 'json') return jsonForm(text, lines.length);
  if (shape === 'config') return `Structured data of ${lines.length} lines.`;
  return shape === 'code' && blocks.length === 0
    ? `Program text of ${lines.length} lines without comments.`
    : undefined;
}

function jsonForm(text: string, lines: number): string {
  const value = parsed(text);
  if (Array.isArray(value)) {
    const keys = typeof value[0] === 'object' && value[0] !== null ? Object.keys(value[0]) : [];
    return `JSON list of ${value.length} entries${keys.length > 0 ? ` with the keys ${listed(keys)}` : ''}.`;
  }
  if (typeof value === 'object' && value !== null) return `JSON object with the keys ${listed(Object.keys(value))}.`;
  return `JSON data of ${lines} lines.`;
}

/** The `title` or `name` of a JSON object, when it is a text. */
export function jsonTitle(text: string): string | undefined {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const title = (value as Record<string, unknown>)['title'] ?? (value as Record<string, unknown>)['name'];
  return typeof title === 'string' && title.trim() !== '' ? title.trim().slice(0, 120) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function listed(names: readonly string[]): string {
  const shown = names.filter((name) => name !== '').slice(0, 8);
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '');
}
