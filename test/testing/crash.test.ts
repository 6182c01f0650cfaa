import { expect, test } from 'vitest';
import { crashAt, type CrashPoint } from '../../src/testing.ts';

function kills(point: CrashPoint, checkpoints: [when: 'before' | 'after', name: string][]): number | undefined {
  let killedAt: number | undefined;
  let seen = 0;
  const probe = crashAt(point, () => (killedAt = seen));
  for (const [when, name] of checkpoints) {
    probe(when, name);
    seen += 1;
  }
  return killedAt;
}

test('the process is killed at the named side of the named checkpoint, the first time', () => {
  expect(
    kills('after:Shop.price', [
      ['before', 'Shop.price'],
      ['after', 'Shop.store'],
      ['after', 'Shop.price'],
      ['after', 'Shop.price'],
    ]),
  ).toBe(2);
  expect(
    kills('before:run', [
      ['before', 'Shop.price'],
      ['before', 'run'],
    ]),
  ).toBe(1);
});

test('a number says which time', () => {
  expect(
    kills('before:Shop.price#3', [
      ['before', 'Shop.price'],
      ['before', 'Shop.price'],
      ['before', 'Shop.price'],
    ]),
  ).toBe(2);
  expect(
    kills('before:Shop.price#3', [
      ['before', 'Shop.price'],
      ['before', 'Shop.price'],
    ]),
  ).toBeUndefined();
});

test.each(['Shop.price', 'during:Shop.price', 'after:', ''])('%j is not a crash point', (point) => {
  expect(() => crashAt(point as CrashPoint)).toThrowError(expect.objectContaining({ code: 'invalid_crash_point' }));
});
