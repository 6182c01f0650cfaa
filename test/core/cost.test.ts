import { expect, test } from 'vitest';
import { costOf, mostCostOf } from '../../src/core/cost.ts';
import type { Price } from '../../src/core/price.ts';
import type { CallUsage } from '../../src/core/token-usage.ts';

const used = (usage: Partial<CallUsage>): CallUsage => ({
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  isEstimated: false,
  ...usage,
});

const price: Price = { currency: 'USD', input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15, reasoning: 20 };

test('each kind of token has its price, and none is counted twice', () => {
  const usage = used({
    inputTokens: 1_000_000,
    cachedInputTokens: 400_000,
    cacheWriteTokens: 100_000,
    outputTokens: 200_000,
    reasoningTokens: 50_000,
  });
  // 500 000 at 3, 400 000 at 0.3, 100 000 at 3.75, 150 000 at 15, 50 000 at 20.
  expect(costOf(usage, price)).toBe('5.245');
});

test('kinds without a price of their own cost what theirs costs', () => {
  const usage = used({ inputTokens: 10, cachedInputTokens: 4, outputTokens: 6, reasoningTokens: 3 });
  expect(costOf(usage, { currency: 'USD', input: 1, output: 2 })).toBe('0.000022');
});

test('costs are exact, however small and however many', () => {
  const cheap: Price = { currency: 'USD', input: 0.1, output: 0.3 };
  expect(costOf(used({ inputTokens: 3 }), cheap)).toBe('0.0000003');
  expect(costOf(used({ inputTokens: 1, outputTokens: 1 }), { ...cheap, output: 0.2 })).toBe('0.0000003');
  expect(costOf(used({ inputTokens: 2 ** 31 - 1 }), { ...cheap, input: 1_000_000 })).toBe('2147483647');
  expect(costOf(used({ inputTokens: 1 }), { ...cheap, input: 1e-9 })).toBe('0.000000000000001');
});

test('nothing costs nothing, and without a price nobody knows', () => {
  expect(costOf(used({}), price)).toBe('0');
  expect(costOf(used({ inputTokens: 5 }), undefined)).toBeNull();
  expect(mostCostOf({ inputTokens: 5, outputTokens: 5 }, undefined)).toBeNull();
});

test('what a call costs at most is reckoned with the dearest kind of its tokens', () => {
  expect(mostCostOf({ inputTokens: 1000, outputTokens: 1000 }, price)).toBe('0.02375');
});

test('a provider that counts more kept tokens than tokens gets no money back', () => {
  expect(costOf(used({ inputTokens: 10, cachedInputTokens: 20 }), price)).toBe('0.000006');
});
