// Summaries: whole sentences of the document, in its order, without its markup.

import { expect, test } from 'vitest';
import { Analysis } from '../../../src/inference/local/analysis.ts';
import { documents } from './documents.ts';

const size = { sentences: 3, maxChars: 700 };
const summaryOf = (document: string, wanted = size) => new Analysis(document).summary(wanted);

test.each([
  'news',
  'german',
  'french',
  'letter',
  'incident',
  'contract',
  'proposal',
  'readme',
  'complaint',
  'page',
] as const)('%s: two to three sentences that stand in it', (name) => {
  const summary = summaryOf(documents[name]);
  const plain = documents[name].replace(/\s+/g, ' ');
  expect(summary.length).toBeGreaterThanOrEqual(2);
  for (const sentence of summary) {
    expect(sentence).toMatch(/^["“„]?[\p{Lu}\d][\s\S]*[.!?]["”]?$/u);
    expect(sentence).not.toMatch(/[`*{}|<>]|https?:/);
    expect(plain.toLowerCase()).toContain(sentence.toLowerCase().slice(1, -1));
  }
  const places = summary.map((sentence) => plain.toLowerCase().indexOf(sentence.toLowerCase().slice(1, -1)));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});

test('the sentence that says what the document is comes first', () => {
  expect(summaryOf(documents.readme)[0]).toBe('Tidepool is a small HTTP cache for Node.js services.');
  expect(summaryOf(documents.proposal)[0]).toBe('This proposal adds named anchors to the Harbour document format.');
});

test('a licence is told by its grant, and shouting is calmed', () => {
  const summary = summaryOf(documents.licence, { sentences: 3, maxChars: 1200 }).join(' ');
  expect(summary).toContain('Permission is hereby granted, free of charge');
  expect(summary).toContain('The software is provided "as is"');
});

test('quoted mails, greetings and signatures are not summarised', () => {
  expect(summaryOf(documents.complaint).join(' ')).not.toMatch(/Hi team|your order has been delivered|Best regards/);
});

test('documents without sentences are described by their facts', () => {
  expect(summaryOf(documents.invoice)[0]).toMatch(/INV-2026-0412.*Total due EUR 274\.77/);
  expect(summaryOf(documents.changelog)[0]).toMatch(/^2\.1\.0 - 2026-04-02, Added: Entries can be pinned/);
  expect(summaryOf(documents.table)).toEqual(['Table of 4 rows with the columns id, name, city, amount, date.']);
  expect(summaryOf(documents.log)[0]).toBe(
    'Log of 5 lines from 2026-03-01T10:00:01 to 2026-03-01T10:01:35, 1 of them about errors.',
  );
});

test('limits hold', () => {
  expect(summaryOf(documents.news, { sentences: 1, maxChars: 700 })).toHaveLength(1);
  expect(summaryOf(documents.news, { sentences: 9, maxChars: 250 }).join(' ').length).toBeLessThanOrEqual(250);
});

test('nothing in, nothing out', () => {
  expect(summaryOf('')).toEqual([]);
  expect(summaryOf('\n \n')).toEqual([]);
});

test('a comment is what a program can be told by', () => {
  expect(summaryOf(documents.program).join(' ')).toContain('Counts the words of a text, longest first.');
});
