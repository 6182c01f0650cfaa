import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  admits,
  type Breaker,
  counted,
  freshTally,
  isFailing,
  nextLevel,
  pauseMs,
  type Tally,
} from '../../src/core/breaker.ts';

function after(outcomes: readonly boolean[], everyMs = 0): Tally {
  return outcomes.reduce((tally, hasFailed, n) => counted(tally, hasFailed, n * everyMs), freshTally(0));
}

test('five failures in a row are enough, four are not, and a success begins anew', () => {
  expect(isFailing(after([true, true, true, true]))).toBe(false);
  expect(isFailing(after([true, true, true, true, true]))).toBe(true);
  expect(isFailing(after([true, true, true, true, false, true]))).toBe(false);
});

test('an endpoint that hangs is found out however slowly its calls end', () => {
  expect(isFailing(after([true, true, true, true, true], 10 * 60_000))).toBe(true);
});

test('half of the calls in the window are enough, and calls before the window do not count', () => {
  const mixed = [false, true, false, true, false, true, false, true, false, true];
  expect(isFailing(after(mixed))).toBe(true);
  expect(isFailing(after([false, ...mixed]))).toBe(false);
  expect(isFailing(after(mixed, 15_000))).toBe(false);
});

test('after a success an endpoint is never left alone, and a tally without failures never leaves it', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 40_000 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (calls) => {
      let now = 0;
      let tally = freshTally(now);
      let inRow = 0;
      for (const [hasFailed, wait] of calls) {
        now += wait;
        tally = counted(tally, hasFailed, now);
        inRow = hasFailed ? inRow + 1 : 0;
        expect([inRow === 0 && isFailing(tally), inRow >= 5 && !isFailing(tally)]).toEqual([false, false]);
        expect(tally.slot.failures).toBeLessThanOrEqual(tally.slot.calls);
        expect(now - tally.slotAt).toBeLessThan(15_000);
      }
    }),
  );
});

test('a breaker lets through all calls, none, or one probe at a time', () => {
  const open: Breaker = { state: 'open', level: 0, until: 100, probeUntil: 0, reason: 'model_unavailable' };
  expect(admits(undefined, 5)).toBe('all');
  expect(admits({ state: 'closed', level: 3, closedAt: 4 }, 5)).toBe('all');
  expect([99, 100].map((now) => admits(open, now))).toEqual(['none', 'probe']);
  expect([150, 200].map((now) => admits({ ...open, probeUntil: 200 }, now))).toEqual(['none', 'probe']);
});

test('the pause grows with each failed probe and with a relapse, and starts anew after a while', () => {
  const open: Breaker = { state: 'open', level: 2, until: 0, probeUntil: 0, reason: 'model_unavailable' };
  expect(nextLevel(undefined, 0)).toBe(0);
  expect(nextLevel(open, 1_000_000)).toBe(3);
  expect(nextLevel({ state: 'closed', level: 2, closedAt: 0 }, 59_999)).toBe(3);
  expect(nextLevel({ state: 'closed', level: 2, closedAt: 0 }, 60_000)).toBe(0);
});

test('pauses are within a minute, spread over their upper half, and never shorter than what was asked for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 0, max: 100_000 }),
      (level, random, asked) => {
        const ceiling = Math.min(60_000, 2000 * 2 ** level);
        expect(pauseMs(level, random)).toBeGreaterThanOrEqual(ceiling / 2);
        expect(pauseMs(level, random)).toBeLessThanOrEqual(ceiling);
        expect(pauseMs(level, random, asked)).toBe(Math.max(pauseMs(level, random), asked));
      },
    ),
  );
});
