import { expect, test } from 'vitest';
import { afterUnknown } from '../../src/core/effects.ts';

test('a call that reads is made again, whatever there is to ask', () => {
  expect(afterUnknown('read', false)).toBe('send_again');
  expect(afterUnknown('read', true)).toBe('send_again');
});

test('a tool that can tell what became of a call is asked', () => {
  expect(afterUnknown('transactional', true)).toBe('reconcile');
  expect(afterUnknown('compensable', true)).toBe('reconcile');
  expect(afterUnknown('irreversible', true)).toBe('reconcile');
});

test('without that, what can be undone is sent again with its key, and for what cannot a person is asked', () => {
  expect(afterUnknown('transactional', false)).toBe('send_again');
  expect(afterUnknown('compensable', false)).toBe('send_again');
  expect(afterUnknown('irreversible', false)).toBe('hold');
});
