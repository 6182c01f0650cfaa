// What follows each way in which a model call can fail, and what remains when all endpoints have failed.

import { expect, test } from 'vitest';
import { HoldfastError, RetryableError, TerminalError } from '../../src/core/errors.ts';
import { errorOfAll, MODEL_FAILURES, ruleOf } from '../../src/core/model-failures.ts';

const busy = (retryAfterMs?: number): RetryableError =>
  new RetryableError('model_rate_limited', 'Busy.', {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    details: { status: 429 },
  });
const locked = new TerminalError('model_auth_failed', 'Locked.', { status: 401 });

test.each([
  [
    'elsewhere and again',
    [
      'model_rate_limited',
      'model_overloaded',
      'model_unavailable',
      'model_timeout',
      'model_output_invalid',
      'model_failed',
    ],
  ],
  ['elsewhere', ['model_auth_failed', 'model_quota_exhausted', 'model_not_found']],
  ['neither', ['model_context_exceeded', 'model_content_filtered', 'model_refused']],
  ['again', ['model_aborted', 'step_timeout']],
])('%s', (what, codes) => {
  const found = Object.entries(MODEL_FAILURES)
    .filter(([, { elsewhere, again }]) => {
      const words = [...(elsewhere ? ['elsewhere'] : []), ...(again ? ['again'] : [])];
      return (words.join(' and ') || 'neither') === what;
    })
    .map(([code]) => code);
  expect(found).toEqual(codes);
});

test('codes of others go by the class of their error', () => {
  expect(ruleOf(new RetryableError('own', 'x'))).toMatchObject({ elsewhere: true, again: true, endpoint: 'fails' });
  expect(ruleOf(new TerminalError('own', 'x'))).toMatchObject({ elsewhere: false, again: false, endpoint: 'unknown' });
  expect(ruleOf(new HoldfastError('constructor', 'x'))).toMatchObject({ elsewhere: false });
});

test('when all have failed, another attempt is made if it may mend any of them, as soon as that one can', () => {
  expect(errorOfAll([{ endpoint: 'a', error: locked }])).toBe(locked);
  const error = errorOfAll([
    { endpoint: 'a', error: locked },
    { endpoint: 'b', error: busy(7000) },
    { endpoint: 'c', error: busy(3000) },
  ]);
  expect(error).toBeInstanceOf(RetryableError);
  expect(error).toMatchObject({ code: 'model_rate_limited', retryAfterMs: 3000 });
  expect(error.details).toEqual({
    status: 429,
    tried: [
      { endpoint: 'a', code: 'model_auth_failed' },
      { endpoint: 'b', code: 'model_rate_limited' },
      { endpoint: 'c', code: 'model_rate_limited' },
    ],
  });
  expect(error.message).toContain('a (model_auth_failed), b (model_rate_limited)');
});

test('an endpoint that may be asked again at once makes nobody wait for another', () => {
  const tried = [busy(7000), busy()].map((error, n) => ({ endpoint: String(n), error })) as never;
  expect(errorOfAll(tried)).toMatchObject({ retryAfterMs: undefined });
});

test('when nothing can mend any of them, the preferred endpoint’s error ends the step', () => {
  const gone = new TerminalError('model_not_found', 'Gone.');
  const error = errorOfAll([
    { endpoint: 'a', error: locked },
    { endpoint: 'b', error: gone },
  ]);
  expect(error).toBeInstanceOf(TerminalError);
  expect(error).toMatchObject({ code: 'model_auth_failed', details: { status: 401 } });
});
