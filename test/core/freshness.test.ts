import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FRESH_MS, isFresh } from '../../src/core/freshness.ts';

it('a proof counts for a quarter of a second, and never longer', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.double({ min: 0, max: 1000, noNaN: true }),
      (provenAt, age) => {
        const now = provenAt + age;
        expect(isFresh(provenAt, now)).toBe(now - provenAt < FRESH_MS);
      },
    ),
  );
  expect(FRESH_MS).toBe(250);
});

it('what was never proven, or was called into doubt, does not count', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (now) => {
      expect(isFresh(-Infinity, now)).toBe(false);
    }),
  );
});
