// What calls have used, as providers say it or do not.

import type { LanguageModelV4Usage } from '@ai-sdk/provider';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { estimateOf } from '../../src/inference/prompt.ts';
import { callUsage, contentTokens } from '../../src/inference/usage.ts';

const LENGTHS = { inputTokens: 40, outputTokens: 8 };
const NOTHING: LanguageModelV4Usage = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

test('what the provider says counts', () => {
  const usage = {
    inputTokens: { total: 100, noCache: 60, cacheRead: 30, cacheWrite: 10 },
    outputTokens: { total: 50, text: 20, reasoning: 30 },
  };
  expect(callUsage(usage, LENGTHS)).toEqual({
    inputTokens: 100,
    cachedInputTokens: 30,
    cacheWriteTokens: 10,
    outputTokens: 50,
    reasoningTokens: 30,
    isEstimated: false,
  });
});

test.each<[string, LanguageModelV4Usage | undefined]>([
  ['nothing at all', undefined],
  ['nothing', NOTHING],
  ['zeros', { inputTokens: { ...NOTHING.inputTokens, total: 0 }, outputTokens: { ...NOTHING.outputTokens, total: 0 } }],
  [
    'nonsense',
    { inputTokens: { ...NOTHING.inputTokens, total: NaN }, outputTokens: { ...NOTHING.outputTokens, total: -3 } },
  ],
])('a provider that says %s is replaced by the lengths of texts, and that is marked', (_what, usage) => {
  expect(callUsage(usage, LENGTHS)).toMatchObject({ inputTokens: 40, outputTokens: 8, isEstimated: true });
});

test('half of what has to be said is estimated', () => {
  const usage = { ...NOTHING, inputTokens: { ...NOTHING.inputTokens, noCache: 5, cacheRead: 7 } };
  expect(callUsage(usage, LENGTHS)).toMatchObject({ inputTokens: 12, outputTokens: 8, isEstimated: true });
});

test('whatever is said, parts are never more than the whole, and all are whole numbers that a column can hold', () => {
  const said = fc.option(fc.oneof(fc.double(), fc.integer()), { nil: undefined });
  const any = fc.record({
    inputTokens: fc.record({ total: said, noCache: said, cacheRead: said, cacheWrite: said }),
    outputTokens: fc.record({ total: said, text: said, reasoning: said }),
  });
  fc.assert(
    fc.property(any, (usage) => {
      const { isEstimated, ...numbers } = callUsage(usage, LENGTHS);
      expect(typeof isEstimated).toBe('boolean');
      for (const number of Object.values(numbers)) {
        expect(Number.isInteger(number) && number >= 0 && number < 2 ** 31).toBe(true);
      }
      const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens } = numbers;
      expect(cachedInputTokens + cacheWriteTokens).toBeLessThanOrEqual(inputTokens);
      expect(reasoningTokens).toBeLessThanOrEqual(outputTokens);
    }),
  );
});

test('lengths are those of what is sent and said, in any script', () => {
  const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'x'.repeat(3000) }] }];
  expect(estimateOf({ prompt })).toEqual({ inputTokens: 1004, outputTokens: 4096 });
  expect(estimateOf({ prompt, maxOutputTokens: 5 }, 100).outputTokens).toBe(5);
  expect(estimateOf({ prompt }, 100).outputTokens).toBe(100);
  const tools = [{ type: 'function' as const, name: 'look', inputSchema: { description: 'y'.repeat(3000) } }];
  expect(estimateOf({ prompt, tools }).inputTokens).toBeGreaterThan(2000);
  expect(
    contentTokens([
      { type: 'text', text: '日本語' },
      { type: 'reasoning', text: 'abc' },
    ]),
  ).toBe(4);
});
