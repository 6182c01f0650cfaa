import { expect, test } from 'vitest';
import { estimateOf } from '../../src/inference/calls/prompt.ts';

test.each([
  [undefined, 4096],
  [0, 0],
  [10.5, 11],
  [1e12, 500_000_000],
  [Infinity, 500_000_000],
  [Number.NaN, 500_000_000],
  [-1, 500_000_000],
])('an answer of at most %s tokens is expected to have at most %s', (maxOutputTokens, outputTokens) => {
  expect(estimateOf({ prompt: [], ...(maxOutputTokens !== undefined && { maxOutputTokens }) })).toEqual({
    inputTokens: 0,
    outputTokens,
  });
});

test('an endpoint’s own limit is bounded, too', () => {
  expect(estimateOf({ prompt: [] }, 1e15).outputTokens).toBe(500_000_000);
});
