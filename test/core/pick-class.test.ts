// Which class a rule picks, and what a model's answer names.

import { expect, test } from 'vitest';
import { type Asked, type AutoRule, classNamed, ruleFor } from '../../src/core/pick-class.ts';

const asked = (differences: Partial<Asked> = {}): Asked => ({
  inputTokens: 100,
  hasTools: false,
  hasImages: false,
  text: 'Please summarise this.',
  ...differences,
});

const RULES: AutoRule[] = [
  { class: 'long', minTokens: 8000 },
  { class: 'vision', images: true },
  { class: 'reasoning', tools: true, words: ['prove', 'Vertrag', 'c++'] },
  { class: 'plain', tools: false, images: false, words: ['hello'] },
];

test.each<[Partial<Asked>, number]>([
  [{}, -1],
  [{ inputTokens: 8000, hasImages: true }, 0],
  [{ inputTokens: 7999, hasImages: true }, 1],
  [{ hasTools: true, text: 'Prove it.' }, 2],
  [{ hasTools: true, text: 'Prüfe den Vertrag!' }, 2],
  [{ hasTools: true, text: 'Is this C++?' }, 2],
  [{ hasTools: true, text: 'Verträge improved' }, -1],
  [{ text: 'Prove it.' }, -1],
  [{ text: 'Say hello' }, 3],
  [{ hasTools: true, text: 'Say hello' }, -1],
])('%j', (differences, rule) => {
  expect(ruleFor(RULES, asked(differences))).toBe(rule);
});

test.each([
  ['small', 'small'],
  [' Reasoning.\n', 'reasoning'],
  ['It could be small, but I choose: reasoning', 'reasoning'],
  ['smaller', undefined],
  ['small-2', 'small-2'],
  ['', undefined],
])('the answer %j names %s', (answer, named) => {
  expect(classNamed(answer, ['small', 'reasoning', 'small-2'])).toBe(named);
});
