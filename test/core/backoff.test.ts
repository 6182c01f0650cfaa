import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextAttemptDelay, recoveryDelay, type RetryPolicy } from '../../src/core/backoff.ts';
import { InvalidInput, RetryableError, TerminalError } from '../../src/core/errors.ts';
import { WaitForRecovery } from '../../src/core/wait-for-recovery.ts';

const broken = new Error('broken');

test('without jitter the wait doubles from half a second up to a minute', () => {
  const policy: RetryPolicy = { attempts: 20, backoff: { jitter: 'none' } };
  const waits = [1, 2, 3, 7, 8, 9].map((attempt) => nextAttemptDelay(policy, attempt, broken, 0.5));
  expect(waits).toEqual([500, 1000, 2000, 32_000, 60_000, 60_000]);
});

test('full jitter spreads the wait over the whole interval, from none to the ceiling', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1, max: 30 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (initial, factor, max, attempt, random) => {
        const delay = nextAttemptDelay({ attempts: 31, backoff: { initial, factor, max } }, attempt, broken, random)!;
        const ceiling = Math.min(max, initial * factor ** (attempt - 1));
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(ceiling);
        expect(delay).toBeCloseTo(random * ceiling, 6);
      },
    ),
  );
});

test('attempts counts the first one', () => {
  expect(nextAttemptDelay({ attempts: 1 }, 1, broken, 0.5)).toBeUndefined();
  expect(nextAttemptDelay({ attempts: 3 }, 2, broken, 0.5)).toBeDefined();
  expect(nextAttemptDelay({ attempts: 3 }, 3, broken, 0.5)).toBeUndefined();
});

test('no attempt begins when the time for all of them is up', () => {
  const policy: RetryPolicy = { attempts: 9, within: '10s', backoff: { jitter: 'none' } };
  expect(nextAttemptDelay(policy, 1, broken, 0.5, 9500)).toBe(500);
  expect(nextAttemptDelay(policy, 1, broken, 0.5, 9501)).toBeUndefined();
  const busy = new RetryableError('rate_limited', 'Slow down.', { retryAfterMs: 10_001 });
  expect(nextAttemptDelay(policy, 1, busy, 0.5)).toBeUndefined();
});

test('what the other side asked for is a lower bound, and no upper one', () => {
  const busy = new RetryableError('rate_limited', 'Slow down.', { retryAfterMs: 70_000 });
  expect(nextAttemptDelay({ attempts: 2 }, 1, busy, 0.5)).toBe(70_000);
  const brief = new RetryableError('rate_limited', 'Slow down.', { retryAfterMs: 10 });
  expect(nextAttemptDelay({ attempts: 2, backoff: { jitter: 'none' } }, 1, brief, 0.5)).toBe(500);
  const unread = new RetryableError('rate_limited', 'Slow down.', { retryAfterMs: Number('soon') });
  expect(nextAttemptDelay({ attempts: 2, backoff: { jitter: 'none' } }, 1, unread, 0.5)).toBe(500);
});

test('errors that no attempt can mend end the retries, whatever retryOn says', () => {
  const always: RetryPolicy = { attempts: 9, retryOn: () => true };
  expect(nextAttemptDelay(always, 1, new TerminalError('gone', 'Gone.'), 0.5)).toBeUndefined();
  expect(nextAttemptDelay(always, 1, new InvalidInput('wrong', 'Wrong.'), 0.5)).toBeUndefined();
});

test('retryOn decides about all others', () => {
  const policy: RetryPolicy = { attempts: 9, retryOn: (error) => (error as Error).message === 'again' };
  expect(nextAttemptDelay(policy, 1, new Error('again'), 0.5)).toBeDefined();
  expect(nextAttemptDelay(policy, 1, broken, 0.5)).toBeUndefined();
});

test('a recovery is waited for within the time of the policy, or five minutes, and not after the only attempt', () => {
  const open = new WaitForRecovery('Out.', { details: {}, retryAfterMs: 2000, cause: undefined });
  const probed = new WaitForRecovery('Out.', { details: {}, retryAfterMs: 2000, cause: broken });
  const delay = (policy: RetryPolicy, error: WaitForRecovery, elapsedMs: number) =>
    recoveryDelay(policy, error, 0.5, elapsedMs);
  expect(delay({ attempts: 3 }, probed, 297_000)).toBe(3000);
  expect(delay({ attempts: 3 }, probed, 299_000)).toBeUndefined();
  expect(delay({ attempts: 3, within: '10m' }, probed, 299_000)).toBe(3000);
  expect(delay({ attempts: 1 }, open, 0)).toBe(3000);
  expect(delay({ attempts: 1 }, probed, 0)).toBeUndefined();
  expect(delay({ attempts: 3, retryOn: () => false }, open, 0)).toBeUndefined();
});
