// Dates, amounts and links in the forms that people write them in.

import { expect, test } from 'vitest';
import { findings } from '../fields/findings.ts';

test.each([
  ['2026-03-12T10:00:00Z', ['2026-03-12']],
  ['2026/03/12', ['2026-03-12']],
  ['12.3.2026', ['2026-03-12']],
  ['25/12/2026, 12/25/2026', ['2026-12-25']],
  ['3/4/2026', ['3/4/2026']],
  ['14. Januar 2026, 1er août 2025, 3 de marzo de 2024', ['2026-01-14', '2025-08-01', '2024-03-03']],
  ['Sept. 1st, 2020 and March 1997', ['2020-09-01', '1997-03']],
  ['2026-13-40, 30 February 2026, 99.99.2026', []],
  ['release 10.1.2.2026 of 1-555-2026', []],
])('dates in %j', (text, dates) => {
  expect(findings(text).dates).toEqual(dates);
});

test.each([
  ['EUR 1280.50, $12500 and US$5', ['EUR 1280.50', '$12500', 'US$5']],
  ['1 280,50 €, 2.340,50 Euro, 500 kr', ['1 280,50 €', '2.340,50 Euro', '500 kr']],
  ["CHF 1'250.00", ["CHF 1'250.00"]],
  ['$1.5 million, 3 Mio. EUR, £20k', ['$1.5 million', '3 Mio. EUR', '£20k']],
  ['₹5,00,000 is not cut, 12.3456 EUR neither', []],
])('amounts in %j', (text, amounts) => {
  expect(findings(text).amounts).toEqual(amounts);
});

test('links end where they do, not where the sentence or the markup does', () => {
  const text =
    '[![B](https://a.example/x.svg)](https://b.example) (https://c.example/A_(b)) `d <https://d.example>`_ https://e.example/.';
  expect(findings(text).links).toEqual([
    'https://a.example/x.svg',
    'https://b.example',
    'https://c.example/A_(b)',
    'https://d.example',
    'https://e.example/',
  ]);
});

test('at most fifty of a kind are kept', () => {
  const text = Array.from({ length: 80 }, (_, index) => `user${index}@mail.example`).join(' ');
  expect(findings(text).emails).toHaveLength(50);
});
