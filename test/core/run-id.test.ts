import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inputHash, newRunId, runIdForKey } from '../../src/core/run-id.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-([\da-f])[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

test('a new id is a UUIDv7 that begins with the time', () => {
  const id = newRunId(1_700_000_000_123, 'ffffffff-ffff-4fff-bfff-ffffffffffff');
  expect(id).toBe('018bcfe5-687b-7fff-bfff-ffffffffffff');
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(1_700_000_000_123);
});

test('new ids sort by time and are all different', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 2 ** 40 }), (now, passed) => {
      expect(newRunId(now) < newRunId(now + passed)).toBe(true);
    }),
  );
  expect(new Set(Array.from({ length: 1000 }, () => newRunId(1))).size).toBe(1000);
});

test('a key gives the same UUIDv8 again, and another one for every other tenant, workflow or key', () => {
  expect(runIdForKey('a', 'w', 'k')).toBe(runIdForKey('a', 'w', 'k'));
  expect(UUID.exec(runIdForKey('a', 'w', 'k'))?.[1]).toBe('8');
  const ids = [
    runIdForKey('a', 'w', 'k'),
    runIdForKey('b', 'w', 'k'),
    runIdForKey('a', 'v', 'k'),
    runIdForKey('a', 'w', 'l'),
    runIdForKey('aw', '', 'k'),
  ];
  expect(new Set(ids).size).toBe(5);
});

test('the fingerprint of an input does not depend on the order of its fields', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, shuffled(item)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(inputHash([shuffled(value)])).toBe(inputHash([value]));
    }),
  );
});

test('other inputs have other fingerprints', () => {
  const inputs = [[], [null], [0], ['0'], [{}], [{ a: 1 }], [{ a: '1' }], [{ a: 2 }], [[1, 2]], [[2, 1]], [1, 2]];
  expect(new Set(inputs.map(inputHash)).size).toBe(inputs.length);
});
