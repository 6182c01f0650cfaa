// Dates, amounts, identifiers and names as they stand in texts.

import { expect, test } from 'vitest';
import { Analysis } from '../../../src/inference/local/analysis.ts';
import { datesIn } from '../../../src/inference/local/facts/dates.ts';
import { moneyIn, numberOf } from '../../../src/inference/local/facts/money.ts';
import { patternsIn } from '../../../src/inference/local/facts/patterns.ts';
import { documents } from './documents.ts';

const { complaint, contract, news } = documents;

test.each([
  ['on 2026-03-12', '2026-03-12'],
  ['12 March 2026', '2026-03-12'],
  ['March 12th, 2026', '2026-03-12'],
  ['05-Jul-2001', '2001-07-05'],
  ['Sept 1, 2014', '2014-09-01'],
  ['am 4. Februar 2026', '2026-02-04'],
  ['le 15 janvier 2026', '2026-01-15'],
  ['el 3 de mayo de 2026', '2026-05-03'],
  ['12.03.2026', '2026-03-12'],
  ['25/12/2025', '2025-12-25'],
  ['12/25/2025', '2025-12-25'],
  ['March 2026', '2026-03'],
])('%s is %s', (text, iso) => {
  expect(datesIn(text)).toMatchObject([{ facets: { iso } }]);
});

test('an ambiguous date keeps its text only, and an impossible one is none', () => {
  expect(datesIn('03/04/2026')).toMatchObject([{ text: '03/04/2026', facets: {} }]);
  expect(datesIn('2026-02-30 and 31.11.2026')).toEqual([]);
});

test('a time that stands with the date is kept in UTC', () => {
  expect(datesIn('2026-03-01T10:00:01+02:00')[0]!.facets['datetime']).toBe('2026-03-01T08:00:01.000Z');
});

test.each([
  ['$1,200.50', 1200.5, 'USD'],
  ['EUR 1,280.50', 1280.5, 'EUR'],
  ['1.280,50 €', 1280.5, 'EUR'],
  ['48 500 €', 48_500, 'EUR'],
  ['31,5 Mio. €', 31_500_000, 'EUR'],
  ['£3.2 million', 3_200_000, 'GBP'],
  ['CHF 29', 29, 'CHF'],
  ['250 dollars', 250, 'USD'],
])('%s is %d %s', (text, amount, currency) => {
  expect(moneyIn(`It cost ${text} then.`)).toMatchObject([{ facets: { amount, currency } }]);
});

test.each([
  ['1,234', 1234],
  ['1.234', 1234],
  ['1,5', 1.5],
  ['0.125', 0.125],
  ['1.234.567,89', 1_234_567.89],
  ["12'500", 12_500],
])('the number %s is %d', (text, value) => {
  expect(numberOf(text)).toBe(value);
});

test('forms that can be recognised by themselves', () => {
  const text =
    'See RFC 2822, CVE-2024-12345 and ISO/IEC 27001:2013; call +49 30 1234567 or (415) 555-0132; v1.4.0 cut 40% at https://a.example/x?y=1, write to jo@a.example. IBAN DE89 3704 0044 0532 0130 00.';
  const found = patternsIn(text).map(({ type, text: written }) => `${type}: ${written}`);
  expect(found).toEqual([
    'identifier: RFC 2822',
    'identifier: CVE-2024-12345',
    'identifier: ISO/IEC 27001:2013',
    'phone: +49 30 1234567',
    'phone: (415) 555-0132',
    'version: v1.4.0',
    'percentage: 40%',
    'url: https://a.example/x?y=1',
    'email: jo@a.example',
    'identifier: DE89 3704 0044 0532 0130 00',
  ]);
});

test('plain numbers are neither telephones nor versions, and a wrong IBAN is none', () => {
  expect(patternsIn('It has 123 456 789 rows and 3.14 more, DE89 3704 0044 0532 0130 01.')).toEqual([]);
});

test('people, organisations and places are named where the text gives a reason', () => {
  const named = (document: string, type: string) =>
    new Analysis(document).entities.filter((entity) => entity.type === type).map(({ text }) => text);
  expect(named(complaint, 'person')).toEqual(['Laura Chen']);
  expect(named(news, 'person')).toEqual(['Claire Dubois']);
  expect(named(contract, 'person')).toEqual(['Helena Novak']);
  expect(named(contract, 'organization')).toEqual(['Brightwater Analytics Inc.']);
  expect(named('She moved from Berlin to New Zealand in May.', 'location')).toEqual(['Berlin', 'New Zealand']);
});
