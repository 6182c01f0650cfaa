// Titles of documents that do not state one.

import { expect, test } from 'vitest';
import { documentTitle } from '../fields/document-title.ts';
import { headerBlock } from '../fields/header-block.ts';

function title(text: string): string {
  return documentTitle({ text, name: 'file.txt' }, headerBlock(text));
}

test('a readme with its heading in HTML, behind a picture', () => {
  expect(title('<p align="center">\n  <img src="x.png">\n</p>\n<h1 align="center">\n  Tide\n</h1>\n\n## Usage\n')).toBe(
    'Tide',
  );
});

test('the earlier of two headings', () => {
  expect(title('# First\n\n<h1>Second</h1>\n')).toBe('First');
});

test('an indented title between two rules', () => {
  expect(title('Some words\n\n==========\n My title\n==========\n')).toBe('My title');
});

test('a comment in a code block is no heading', () => {
  expect(title('How to install\n\n```\n# as root\napt install tide\n```\n')).toBe('How to install');
});

test('the header itself is not the title', () => {
  expect(title('From: a@b.example\nTo: c@d.example\n\nHello there\n')).toBe('Hello there');
  expect(title('---\ntags: a\n---\n\n# Real title\n')).toBe('Real title');
  expect(title('Package: tide\nVersion: 1.2\n')).toBe('tide');
});

test('directives, comments and pictures are passed over', () => {
  expect(title('.. image:: x.svg\n<!-- a comment -->\n![badge][b]\nThe my_cool_name library\n')).toBe(
    'The my_cool_name library',
  );
});

test('subjects in other languages are titles', () => {
  expect(title('De: Ann\nObjet: Bonjour à tous\n\nTexte')).toBe('Bonjour à tous');
});

test('a paragraph is cut between words, and never within a character', () => {
  expect(title('several words '.repeat(100))).toMatch(/^(several words )+(several…|several words…)$/);
  const cut = documentTitle({ text: '', title: `${'x'.repeat(298)}😀😀`, name: 'n' }, {});
  expect(cut.length).toBeLessThanOrEqual(300);
  expect(cut.isWellFormed()).toBe(true);
});
