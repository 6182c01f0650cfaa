// The work on a document is bounded, whatever stands in it: long texts, texts without spaces, markup that never ends.

import { expect, test } from 'vitest';
import { Analysis } from '../../../src/inference/local/analysis.ts';
import { AnalysisCache } from '../../../src/inference/local/analysis-cache.ts';
import { answerFrom } from '../../../src/inference/local/answer.ts';
import { documents } from './documents.ts';

const { proposal } = documents;

const length = 60_000;
/** Processor time, not time on the clock: other programs on the machine do not count. */
const mostMs = 3000;

function processorMs(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

test.each([
  'a',
  ' ',
  '\n',
  'x\n\n',
  '1. a\n',
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
  let answer = '';
  const spent = processorMs(() => {
    answer = answerFrom(new Analysis(text), { document: text, instruction: '', json: {} }).text;
  });
  expect(JSON.parse(answer)).toHaveProperty('summary');
  expect(spent).toBeLessThan(mostMs);
});

test('a document of 2 million characters', () => {
  const text = Array.from({ length: 2000 }, (_, n) => proposal.replaceAll('anchor', `anchor${n % 50}`)).join('\n');
  const analysis = new Analysis(text);
  const spent = processorMs(() => {
    expect(analysis.summary({ sentences: 3, maxChars: 700 }).length).toBeGreaterThanOrEqual(2);
    expect(analysis.entities.length).toBeGreaterThan(0);
  });
  expect(spent).toBeLessThan(2 * mostMs);
});

test('a text without line breaks is read to its end', () => {
  const sentence = 'The harbour master opened the gate number % in the morning. ';
  const text = Array.from({ length: 800 }, (_, n) => sentence.replace('%', String(n))).join('');
  const { sentences } = new Analysis(text);
  expect(sentences.length).toBeGreaterThanOrEqual(795);
  expect(sentences.at(-1)!.text).toContain('number 799');
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
