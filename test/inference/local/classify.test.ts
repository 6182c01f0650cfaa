// The kind of each sort of document.

import { expect, test } from 'vitest';
import { Analysis } from '../../../src/inference/local/analysis.ts';
import { documents } from './documents.ts';

test.each<[keyof typeof documents, string]>([
  ['invoice', 'invoice'],
  ['complaint', 'e-mail'],
  ['german', 'article'],
  ['news', 'article'],
  ['french', 'minutes'],
  ['minutes', 'minutes'],
  ['contract', 'contract'],
  ['page', 'web page'],
  ['form', 'form'],
  ['letter', 'letter'],
  ['incident', 'report'],
  ['table', 'data'],
  ['log', 'log'],
  ['readme', 'readme'],
  ['proposal', 'proposal'],
  ['licence', 'licence'],
  ['changelog', 'changelog'],
  ['program', 'source code'],
])('%s is a document of the kind %s', (name, kind) => {
  const [best, second] = new Analysis(documents[name]).kinds;
  expect(best!.name).toBe(kind);
  expect(best!.score).toBeGreaterThan(second?.score ?? 0);
});

test('what speaks for nothing is other', () => {
  expect(new Analysis('Blue, green and grey.').kinds[0]!.name).toBe('other');
  expect(new Analysis('').kinds[0]!.name).toBe('other');
});

test('the scores are shares of the evidence', () => {
  const sum = new Analysis(documents.proposal).kinds.reduce((total, kind) => total + kind.score, 0);
  expect(sum).toBeGreaterThan(0.5);
  expect(sum).toBeLessThanOrEqual(1.01);
});

test('data in JSON is data, with its own title', () => {
  const json = new Analysis(JSON.stringify({ name: 'harbour', ports: [1, 2] }));
  expect(json.kinds[0]!.name).toBe('data');
  expect(json.title).toBe('harbour');
});
