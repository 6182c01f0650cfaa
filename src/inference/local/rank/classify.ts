// What kind of document a text is: its shape first, then the cues of each kind, weighed against each other.

import type { Block } from '../read/blocks.ts';
import type { Field } from '../read/header.ts';
import type { Shape } from '../read/shape.ts';
import type { Cue } from './kind.ts';
import { kinds } from './kinds.ts';

/** A kind's name with its share of the evidence, between 0 and 1. */
export interface KindScore {
  name: string;
  score: number;
}

/** What the classifier looks at. */
export interface Evidence {
  text: string;
  shape: Shape;
  fields: readonly Field[];
  blocks: readonly Block[];
  title: string;
}

const bodyChars = 40_000;
const weakest = 3;
const shapeKinds: Partial<Record<Shape, string>> = {
  code: 'source code',
  log: 'log',
  json: 'data',
  rows: 'data',
  config: 'data',
  html: 'web page',
};

/**
 * The kinds that the evidence speaks for, best first, with scores that sum to 1 together with what speaks for none.
 * When nothing reaches the threshold the first is `other`. Evidence is the title, header, headings and wording, never a
 * file name.
 */
export function kindsOf(evidence: Evidence): KindScore[] {
  const points = new Map<string, number>();
  const shaped = shapeKinds[evidence.shape];
  if (shaped) points.set(shaped, evidence.shape === 'html' ? 5 : 14);
  for (const kind of kinds) {
    const sum = cuePoints(kind.cues, evidence);
    if (sum > 0 && (shaped === undefined || evidence.shape === 'html'))
      points.set(kind.name, (points.get(kind.name) ?? 0) + sum);
  }
  structure(points, evidence);
  const ranked = [...points]
    .map(([name, score]) => ({ name, score }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score);
  const best = ranked[0]?.score ?? 0;
  if (best < weakest) ranked.unshift({ name: 'other', score: weakest });
  const total = ranked.reduce((sum, kind) => sum + kind.score, 0) + 1;
  return ranked.map((kind) => ({ name: kind.name, score: Math.round((kind.score / total) * 100) / 100 }));
}

function cuePoints(cues: readonly Cue[], evidence: Evidence): number {
  const header = evidence.fields.map((field) => `${field.label}: ${field.value}`).join('\n');
  const firstLines = evidence.blocks
    .slice(0, 4)
    .filter((block) => (block.kind === 'heading' || block.kind === 'line') && block.text.length <= 100)
    .map((block) => block.text);
  const head = [evidence.title, header, ...firstLines].join('\n');
  const headings = evidence.blocks
    .filter((block) => block.kind === 'heading')
    .map((block) => block.text.replace(/^[\d.]+\s+/, ''))
    .join('\n');
  const body = evidence.text.slice(0, bodyChars);
  let sum = 0;
  for (const cue of cues) {
    const where = cue.where === 'head' ? head : cue.where === 'headings' ? headings : body;
    const matches = where.match(new RegExp(cue.pattern.source, `${cue.pattern.flags.replace('g', '')}g`))?.length ?? 0;
    if (matches > 0) sum += cue.weight * Math.min(cue.where === 'head' ? 1 : 2, 1 + Math.log2(matches) / 4);
  }
  return sum;
}

/**
 * Evidence that no wording carries: many headings and much prose make an article or manual likelier than a letter, and
 * the like.
 */
function structure(points: Map<string, number>, { blocks, shape, text, fields }: Evidence): void {
  if (shape !== 'prose' && shape !== 'html') return;
  const add = (name: string, amount: number) => points.set(name, (points.get(name) ?? 0) + amount);
  const count = (kind: Block['kind']) => blocks.filter((block) => block.kind === kind).length;
  const paragraphs = count('paragraph');
  if (fields.length >= 3 && points.has('readme')) add('readme', -4);
  if (paragraphs >= 3 && count('code') === 0 && count('item') < paragraphs) add('article', 2);
  if (paragraphs >= 3 && count('code') >= 3) add('manual', 1);
  if (text.length > 6000)
    for (const name of ['letter', 'e-mail', 'invoice', 'form']) if (points.has(name)) add(name, -1.5);
  if (text.length > 30_000)
    for (const name of ['letter', 'e-mail', 'invoice', 'form', 'readme']) if (points.has(name)) add(name, -2);
}
