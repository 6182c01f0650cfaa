import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatRanges, hasNumber, parseRanges, type RangeSet, withNumber } from '../../src/core/range-set.ts';

const numbers = fc.array(fc.nat(40), { maxLength: 40 });

function setOf(values: readonly number[]): RangeSet {
  return values.reduce<RangeSet>((set, value) => withNumber(set, value), []);
}

test('it holds what was put into it, and nothing else', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const set = setOf(values);
      for (let n = 0; n <= 42; n += 1) expect(hasNumber(set, n)).toBe(values.includes(n));
    }),
  );
});

test('its ranges are in order and as few as they can be, in whatever order the numbers came', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      const set = setOf(values);
      for (let n = 1; n < set.length; n += 1) expect(set[n]![0]).toBeGreaterThan(set[n - 1]![1] + 1);
      expect(set).toEqual(setOf(values.toSorted((a, b) => a - b)));
    }),
  );
});

test('it comes back from its text', () => {
  fc.assert(
    fc.property(numbers, (values) => {
      expect(parseRanges(formatRanges(setOf(values)))).toEqual(setOf(values));
    }),
  );
});

test('its text is short', () => {
  expect(formatRanges(setOf([5, 1, 0, 2, 7, 3]))).toBe('0-3,5,7');
  expect(formatRanges([])).toBe('');
});

test('where its text may not be long enough, it is that of the first ranges', () => {
  expect(formatRanges(setOf([1, 3, 4, 5, 11]), 6)).toBe('1,3-5');
  fc.assert(
    fc.property(numbers, fc.nat(30), (values, limit) => {
      const set = setOf(values);
      const text = formatRanges(set, limit);
      expect(text.length).toBeLessThanOrEqual(limit);
      const ranges = parseRanges(text)!;
      expect(ranges).toEqual(set.slice(0, ranges.length));
      const oneMore = formatRanges(set.slice(0, ranges.length + 1));
      expect(oneMore === text || oneMore.length > limit).toBe(true);
    }),
  );
});

test.each([
  '1,',
  ',1',
  '1-',
  '-1',
  '3-1',
  '1,1',
  '1,2',
  '2,1',
  '1-3,3',
  '1-3,4',
  'x',
  '1 ',
  '99999999999',
  '2147483647',
  '0-2147483647',
])('%j is not the text of a set', (text) => {
  expect(parseRanges(text)).toBeUndefined();
});

test('any text is either refused or the text of exactly the set that it is read as', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\d,-]{0,12}$/), (text) => {
      const set = parseRanges(text);
      if (set === undefined) return;
      expect(parseRanges(formatRanges(set))).toEqual(set);
    }),
  );
});
