import fc from 'fast-check';
import { SuperJSON } from 'superjson';
import { expect, test } from 'vitest';
import { assertSerializable } from '../../src/core/serializable.ts';

class Account {
  readonly balance = 1;
}

const cycle: { self?: unknown } = {};
cycle.self = cycle;

test.each([
  ['a function', { handlers: [() => 1] }, 'handlers.0', 'a function'],
  ['a symbol', [Symbol('s')], '0', 'a symbol'],
  ['an instance of a class', { user: { account: new Account() } }, 'user.account', 'an instance of Account'],
  ['a stream', { body: new ReadableStream() }, 'body', 'an instance of ReadableStream'],
  ['bytes', { bytes: new Uint8Array(2) }, 'bytes', 'an instance of Uint8Array'],
  ['a promise', { later: Promise.resolve(1) }, 'later', 'an instance of Promise'],
  ['a cycle', cycle, 'self', 'a reference to something that contains it'],
  ['something in a map', new Map([['k', new Account()]]), 'k', 'an instance of Account'],
  ['something in a set', new Set([new Account()]), '0', 'an instance of Account'],
  ['an invalid date', { at: new Date(Number.NaN) }, 'at', 'an invalid date'],
  [
    'a date whose place could not be noted',
    { 'a.txt': { at: new Date(0) } },
    'a.txt.at',
    "an instance of Date below a key with a '.' or '\\' in it",
  ],
  ['a key that no object should have', [{ constructor: 1 }], '0', "an object with the key 'constructor'"],
  [
    'a key that would change a prototype',
    { a: JSON.parse('{"__proto__": 1}') },
    'a',
    "an object with the key '__proto__'",
  ],
])('%s is refused by its path', (_, value, path, kind) => {
  expect(() => assertSerializable(value, 'The result of Shop.price')).toThrowError(
    expect.objectContaining({
      code: 'not_serializable',
      details: { path, kind },
      message: expect.stringContaining('The result of Shop.price'),
    }),
  );
});

test('a value that is too deep is refused, and does not exhaust the stack', () => {
  let deep: unknown = 1;
  for (let n = 0; n < 100_000; n += 1) deep = [deep];
  expect(() => assertSerializable(deep, 'x')).toThrowError(expect.objectContaining({ code: 'not_serializable' }));
});

test('the same object in two places is no cycle', () => {
  const shared = { a: 1 };
  expect(assertSerializable({ left: shared, right: [shared, shared] }, 'x')).toBeTruthy();
});

test('keys with dots are welcome where all below them is plain JSON', () => {
  const files = { 'a.txt': { size: 1, tags: ['x'], parent: null }, 'b.txt': {} };
  expect(SuperJSON.parse(SuperJSON.stringify(assertSerializable(files, 'x')))).toEqual(files);
});

test('a value is either refused, or comes back from a checkpoint as it was', () => {
  const awkward = fc.constantFrom('.', 'a.b', '\\', 'a\\', 'a\\.b', '..', 'constructor', 'prototype', 'toString', '');
  const shared = { shared: true };
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('object'), tie('array'), tie('map'), tie('set')),
    leaf: fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.bigInt(),
      fc.date(),
      fc.constantFrom(null, undefined, shared, new URL('http://a/b'), /x/g),
    ),
    object: fc.dictionary(fc.oneof(fc.string(), awkward), tie('value'), { maxKeys: 4, noNullPrototype: true }),
    array: fc.array(tie('value'), { maxLength: 4 }),
    map: fc
      .array(fc.tuple(fc.oneof(fc.string(), awkward), tie('value')), { maxLength: 3 })
      .map((entries) => new Map(entries)),
    set: fc
      .uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.date()), { maxLength: 3 })
      .map((items) => new Set(items)),
  }));
  let accepted = 0;
  fc.assert(
    fc.property(value, (recorded) => {
      try {
        assertSerializable(recorded, 'x');
      } catch {
        return;
      }
      accepted += 1;
      expect(SuperJSON.parse(SuperJSON.stringify(recorded))).toEqual(recorded);
    }),
    { numRuns: 500 },
  );
  expect(accepted).toBeGreaterThan(250);
});
