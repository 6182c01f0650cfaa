// How long to wait, read from the headers of an answer.

import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/inference/errors/retry-after.ts';

const now = Date.parse('2026-05-04T12:00:00Z');

test.each([
  [{ 'retry-after': '7' }, 7000],
  [{ 'retry-after': '1.5' }, 1500],
  [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [{ 'retry-after': 'Mon, 04 May 2026 12:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Mon, 04 May 2026 11:00:00 GMT' }, 0],
  [{ 'retry-after': '99999999' }, 86_400_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after-ms': 'x', 'retry-after': '2' }, 2000],
  [{}, undefined],
  [undefined, undefined],
])('%j asks for %s ms', (headers, expected) => {
  expect(retryAfterMs(headers as Record<string, string> | undefined, now)).toBe(expected);
});
