// Headers of other kinds than proposals, and what only looks like one.

import { expect, test } from 'vitest';
import { headerBlock } from '../fields/header-block.ts';

test('front matter has quoted values, comments, lists and texts of several lines', () => {
  const yaml = [
    '---',
    '# about this page',
    'title: "A \\"quoted\\" page" # shown on top',
    "author: 'O''Brien'",
    'tags: ["a, b", c]',
    'authors: [Ann,',
    '  Bob]',
    'summary: >-',
    '  one',
    '  two',
    'owner:',
    '  name: nested',
    'Größe: 3',
    '---',
    'Text',
  ];
  expect(headerBlock(yaml.join('\n'))).toEqual({
    title: 'A "quoted" page',
    author: "O'Brien",
    tags: 'a, b, c',
    authors: 'Ann, Bob',
    summary: 'one two',
    Größe: '3',
  });
});

test('tables of TOML front matter do not mix with its own values', () => {
  const toml = '+++\ntitle = "A page"\ntags = [\n  "a",\n  "b",\n]\n[extra]\ntitle = "other"\n+++\nText';
  expect(headerBlock(toml)).toEqual({ title: 'A page', tags: 'a, b' });
});

test('prose between two rules is no front matter', () => {
  expect(headerBlock('---\nJust some prose here.\nNote: a thing.\n---\n')).toEqual({});
  expect(headerBlock('---\nkey: without an end\n')).toEqual({});
});

test('keys of other languages, and mail headers without a blank behind the colon', () => {
  expect(headerBlock('Von: Ann\nEmpfänger: Bob\n\nHallo')).toEqual({ Von: 'Ann', Empfänger: 'Bob' });
  expect(headerBlock('From: a@b.example\nMIME-Version:1.0\nSubject: Hello\n\nHi')).toEqual({
    From: 'a@b.example',
    'MIME-Version': '1.0',
    Subject: 'Hello',
  });
});

test('comments in control files, and the frame of a signature around one', () => {
  const control = 'Source: tide\n# for the archive\nSection: net\n\nPackage: tide-bin\n';
  expect(headerBlock(control)).toEqual({ Source: 'tide', Section: 'net' });
  const signed = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${control}`;
  expect(headerBlock(signed)).toEqual({ Source: 'tide', Section: 'net' });
});

test.each([
  ['a log', 'ERROR: disk full\nERROR: disk full\n'],
  ['a list of accounts', 'root:x:0:0\ndaemon:x:1:1\n'],
  ['a list of hosts', 'alpha:8080\nbeta:8080\n'],
  ['endless data', Array.from({ length: 2000 }, (_, index) => `Key${index}: value`).join('\n')],
])('%s is no header', (_what, text) => {
  expect(headerBlock(text)).toEqual({});
});

test('encoded words cannot bring in what the database refuses', () => {
  const header = headerBlock('Subject: =?utf-8?Q?a=00b?=\nFrom: =?utf-16le?B?ANg=?=\n\n');
  expect(header.Subject).toBe('a b');
  expect(header.From!.isWellFormed()).toBe(true);
});
