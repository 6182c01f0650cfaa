// The work on a document is bounded, whatever stands in it: long texts, texts without spaces, markup that never ends.

import { expect, test } from 'vitest';
import { Analysis } from '../../../src/inference/local/analysis.ts';
import { AnalysisCache } from '../../../src/inference/local/analysis-cache.ts';
import { answerFrom } from '../../../src/inference/local/answer.ts';
import { documents } from './documents.ts';

const { proposal } = documents;

const length = 60_000;
const generousMs = 20_000;

test.each([
  'a',
  ' ',
  '\n',
  '1.',
  'Aa-',
  '![[',
  '<p ',
  '<!--',
  '```\n',
  'Bank of ',
  'Dr. ',
  '"a',
  'a@b.',
  'Ab: ',
  '| ',
  '(',
  'MUST ',
  '这是一个测试，',
  'http://a.b/c ',
])('%j over and over', (piece) => {
  const text = piece.repeat(Math.ceil(length / piece.length));
  const start = performance.now();
  const { text: answer } = answerFrom(new Analysis(text), { document: text, instruction: '', json: {} });
  expect(performance.now() - start).toBeLessThan(generousMs);
  expect(JSON.parse(answer)).toHaveProperty('summary');
});

test('a document of 2 million characters', () => {
  const text = Array.from({ length: 2000 }, (_, n) => proposal.replaceAll('anchor', `anchor${n % 50}`)).join('\n');
  const start = performance.now();
  const analysis = new Analysis(text);
  expect(analysis.summary({ sentences: 3, maxChars: 700 }).length).toBeGreaterThanOrEqual(2);
  expect(analysis.entities.length).toBeGreaterThan(0);
  expect(performance.now() - start).toBeLessThan(2 * generousMs);
});

test('a document is parsed once for several questions, and the oldest is forgotten first', () => {
  const cache = new AnalysisCache();
  const first = cache.of('document 0');
  expect(cache.of('document 0')).toBe(first);
  for (let n = 1; n < 8; n += 1) cache.of(`document ${n}`);
  expect(cache.of('document 0')).toBe(first);
  cache.of('document 8');
  expect(cache.of('document 0')).toBe(first);
  for (let n = 10; n < 18; n += 1) cache.of(`document ${n}`);
  expect(cache.of('document 0')).not.toBe(first);
});
