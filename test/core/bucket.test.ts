// However a bucket is used, no more flows out of it than its rate and one burst allow.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { atMost, type BucketLevel, costOf, factorAt, refused, roomOf, taken, waitFor } from '../../src/core/bucket.ts';

const NEW: BucketLevel = { requestsEmptyMs: 0, tokensEmptyMs: 0, factor: 1, slowedMs: 0, blockedMs: 0 };
const START = 1_700_000_000_000;
const BURST_MS = 5000;

const calls = fc.array(
  fc.record({ gap: fc.integer({ min: 0, max: 3000 }), tokens: fc.integer({ min: 0, max: 3000 }) }),
  {
    minLength: 1,
    maxLength: 100,
  },
);

test('what was let through never exceeds the rate and one burst', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 6, max: 6000 }),
      fc.integer({ min: 600, max: 600_000 }),
      calls,
      (rpm, tpm, wanted) => {
        const limits = { rpm, tpm };
        let level = NEW;
        let now = START;
        const through = { requests: 0, tokens: 0, largest: 0 };
        for (const { gap, tokens } of wanted) {
          now += gap;
          if (waitFor(limits, level, { requests: 1, tokens }, now) > 0) continue;
          level = taken(limits, level, { requests: 1, tokens }, now);
          through.requests += 1;
          through.tokens += tokens;
          through.largest = Math.max(through.largest, tokens);
        }
        const elapsed = now - START;
        const most = (perMinute: number): number =>
          ((elapsed + Math.max(BURST_MS, 60_000 / perMinute)) * perMinute) / 60_000;
        expect(through.requests).toBeLessThanOrEqual(most(rpm) + 0.001);
        // A call that is larger than the bucket leaves it in debt.
        expect(through.tokens).toBeLessThanOrEqual(most(tpm) + through.largest + 0.001);
      },
    ),
  );
});

test('after the time that it is told to wait a call fits, and not a moment before', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6000 }), fc.integer({ min: 1, max: 500_000 }), calls, (rpm, tpm, wanted) => {
      const limits = { rpm, tpm };
      let level = NEW;
      let now = START;
      for (const { gap, tokens } of wanted) {
        now += gap;
        const portion = { requests: 1, tokens };
        const wait = waitFor(limits, level, portion, now);
        const before = wait > 1 ? waitFor(limits, level, portion, now + wait - 1) : 1;
        expect(before).toBeGreaterThan(0);
        now += wait + 0.001;
        expect(waitFor(limits, level, portion, now)).toBe(0);
        level = taken(limits, level, portion, now);
      }
    }),
  );
});

test('what is given back is there again', () => {
  const limits = { rpm: 600, tpm: 60_000 };
  const spent = taken(limits, NEW, { requests: 1, tokens: 4000 }, START);
  const settled = taken(limits, spent, { requests: 0, tokens: -3000 }, START);
  expect(roomOf(limits, settled, START)).toEqual({ requests: expect.closeTo(49, 3), tokens: expect.closeTo(4000, 3) });
  expect(roomOf(limits, settled, START + 60_000)).toEqual({
    requests: expect.closeTo(50, 3),
    tokens: expect.closeTo(5000, 3),
  });
});

test('a call larger than the bucket passes when it is full, and is paid for afterwards', () => {
  const limits = { tpm: 6000 };
  const portion = { requests: 1, tokens: 3000 };
  expect(waitFor(limits, NEW, portion, START)).toBe(0);
  const level = taken(limits, NEW, portion, START);
  expect(roomOf(limits, level, START).tokens).toBeCloseTo(-2500, 3);
  expect(waitFor(limits, level, { requests: 1, tokens: 100 }, START)).toBeCloseTo(26_000, 0);
});

test('without a limit there is always room', () => {
  expect(waitFor({}, NEW, { requests: 1, tokens: 1e9 }, START)).toBe(0);
  expect(roomOf({}, NEW, START)).toEqual({ requests: Infinity, tokens: Infinity });
});

test('a refusal closes the bucket for as long as the provider says, lowers the rate once, and is forgotten slowly', () => {
  const limits = { rpm: 600 };
  const first = refused(NEW, { retryAfterMs: 2000 }, START);
  const second = refused(first, {}, START + 100);
  expect(second.factor).toBe(0.7);
  expect(waitFor(limits, second, { requests: 1, tokens: 0 }, START + 100)).toBeCloseTo(1900, 0);
  expect(roomOf(limits, second, START + 100)).toEqual({ requests: 0, tokens: 0 });
  expect(factorAt(second, START + 10_000)).toBeCloseTo(0.8, 5);
  expect(factorAt(second, START + 60_000)).toBe(1);
  let level = NEW;
  for (let n = 0; n < 50; n += 1) level = refused(level, {}, START + n * 1001);
  expect(level.factor).toBeGreaterThanOrEqual(0.05);
});

test('what the provider says is left is the most that is left', () => {
  const limits = { rpm: 600, tpm: 60_000 };
  const level = atMost(limits, NEW, { requests: 3, tokens: 100_000 }, START);
  expect(roomOf(limits, level, START)).toEqual({ requests: expect.closeTo(3, 3), tokens: expect.closeTo(5000, 3) });
});

test('a call costs what it takes more of', () => {
  expect(costOf({ rpm: 60, tpm: 6000 }, { requests: 1, tokens: 10 })).toBe(1000);
  expect(costOf({ rpm: 60, tpm: 6000 }, { requests: 1, tokens: 1000 })).toBe(10_000);
  expect(costOf({ concurrency: 4 }, { requests: 1, tokens: 1000 })).toBe(1);
});
