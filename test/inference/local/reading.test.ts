// Taking documents apart: headers, headings, markup, languages, titles and keyphrases.

import { expect, test } from 'vitest';
import { Analysis } from '../../../src/inference/local/analysis.ts';
import { detectLanguage } from '../../../src/inference/local/rank/language.ts';
import { textRank } from '../../../src/inference/local/rank/textrank.ts';
import { readBlocks } from '../../../src/inference/local/read/blocks.ts';
import { splitHeader } from '../../../src/inference/local/read/header.ts';
import { plainInline } from '../../../src/inference/local/read/inline.ts';
import { documents } from './documents.ts';

test.each([
  ['[![build](https://a/b.svg)](https://a) Fast **and** _small_ [cache](https://a "x")', 'Fast and small cache'],
  [
    ':pep:`8` and :rfc:`2822#section-1` say ``x = 1``, see `the docs <https://a>`__ [1]_.',
    'PEP 8 and RFC 2822 say x = 1, see the docs.',
  ],
  ['<b>Bold</b> &amp; <a href="x">linked</a> 🚀', 'Bold & linked'],
  ['snake_case_name and 2 * 3 * 4', 'snake_case_name and 2 * 3 * 4'],
])('%j reads as %j', (markup, words) => {
  expect(plainInline(markup)).toBe(words);
});

test('Markdown, reStructuredText and plain text become the same blocks', () => {
  const kinds = (text: string) =>
    readBlocks(text).map(({ kind, level, text: words }) => [kind, level, words.split('\n')[0]]);
  const markdown =
    '# Tides\n\nThe tide turns\ntwice a day, as every sailor knows well.\n\n- one\n- two\n\n```js\ncode();\n```\n';
  const rst =
    'Tides\n=====\n\nThe tide turns\ntwice a day, as every sailor knows well.\n\n* one\n* two\n\nCode::\n\n  code();\n\n.. note:: hidden\n';
  const shared = [
    ['heading', 1, 'Tides'],
    ['paragraph', 0, 'The tide turns twice a day, as every sailor knows well.'],
    ['item', 0, 'one'],
    ['item', 0, 'two'],
  ];
  expect(kinds(markdown)).toEqual([...shared, ['code', 0, 'code();']]);
  expect(kinds(rst)).toEqual([...shared, ['paragraph', 0, 'Code:'], ['code', 0, '  code();']]);
  expect(kinds('1. SCOPE\n\nThe tide turns twice.')).toEqual([
    ['heading', 2, '1. SCOPE'],
    ['paragraph', 0, 'The tide turns twice.'],
  ]);
});

test('headers', () => {
  expect(splitHeader('---\ntitle: "Tides"\ntags:\n  - sea\n  - moon\n---\nBody').fields).toEqual([
    { label: 'title', value: 'Tides' },
    { label: 'tags', value: 'sea, moon' },
  ]);
  expect(splitHeader('From: a@b.example\nSubject: A long\n  subject\n\nBody')).toEqual({
    fields: [
      { label: 'From', value: 'a@b.example' },
      { label: 'Subject', value: 'A long subject' },
    ],
    body: '\nBody',
  });
  expect(splitHeader('Note: this is prose.\nIt goes on here.\n\nBody').fields).toEqual([]);
});

test.each<[keyof typeof documents, string]>([
  ['proposal', 'Named Anchors for the Harbour Format'],
  ['complaint', 'Order 48213 arrived damaged'],
  ['readme', 'Tidepool'],
  ['licence', 'MIT License'],
  ['page', 'Opening hours and prices'],
  ['news', 'Lake ferry returns after ten years'],
  ['letter', 'I am writing to apply for the position of archivist that you advertised in the Evening Post'],
])('the title of %s is %j', (name, title) => {
  expect(new Analysis(documents[name]).title).toBe(title);
});

test.each([
  ['The quick brown fox jumps over the lazy dog while the cat is asleep.', 'en', 'English'],
  ['Thanks for the report!', 'en', 'English'],
  [documents.german, 'de', 'German'],
  [documents.french, 'fr', 'French'],
  [
    'El gobierno anunció que las nuevas medidas se aplicarán a partir del próximo mes en todas las ciudades.',
    'es',
    'Spanish',
  ],
  ['Правительство объявило о новых мерах, которые начнут действовать со следующего месяца.', 'ru', 'Russian'],
  ['政府は来月から新しい措置を実施すると発表しました。市民は準備をする必要があります。', 'ja', 'Japanese'],
  ['OK', 'und', 'Undetermined'],
  ['x1 y2 z3 qq', 'und', 'Undetermined'],
])('%j is in %s', (text, code, name) => {
  expect(detectLanguage(text)).toEqual({ code, name });
});

test('keyphrases are whole noun phrases, repeated ones first', () => {
  const phrases = new Analysis(
    'The harbour master opened the tide gate. A tide gate keeps the basin full. Without the tide gate the basin runs dry. The harbour master checks it daily.',
  ).keyphrases.map(({ text }) => text);
  expect(phrases.slice(0, 2).toSorted()).toEqual(['harbour master', 'tide gate']);
  expect(new Analysis(documents.german).keyphrases.slice(0, 6).map(({ text }) => text)).toContain('Ausbau');
});

test('the sentence that shares most with the others is the most central', () => {
  const scores = textRank([
    new Set(['tide', 'gate', 'basin']),
    new Set(['tide', 'gate']),
    new Set(['gate', 'basin']),
    new Set(['gull']),
  ]);
  expect(scores.indexOf(Math.max(...scores))).toBe(0);
  expect(scores.indexOf(Math.min(...scores))).toBe(3);
  expect(textRank([])).toEqual([]);
});
