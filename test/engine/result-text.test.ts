import serialization from '@dbos-inc/dbos-sdk/internal/serialization';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertSerializable } from '../../src/core/serializable.ts';
import { recordableResult } from '../../src/engine/result-text.ts';

const shared = { a: 1 };

const values: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.anything({ withDate: true, withMap: true, withSet: true, withBigInt: true, maxDepth: 3 }),
);

/** What is refused before it comes here needs no text. */
function isRecordable(value: unknown): boolean {
  try {
    assertSerializable(value, 'The value');
    return true;
  } catch {
    return false;
  }
}

test('the text is what the SDK would have written, and reads as the value', () => {
  fc.assert(
    fc.property(values, (value) => {
      fc.pre(isRecordable(value));
      const { text, value: copy } = recordableResult(value);
      expect(text).toBe(serialization.DBOSJSON.stringify(value));
      expect(copy).toEqual(serialization.DBOSJSON.parse(text));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['an object that stands twice', [shared, shared]],
  ['minus zero', { zero: -0 }],
  ['not a number', [Number.NaN]],
  ['a hole', Object.assign([], { 0: 1, 2: 3 })],
  ['undefined', { a: undefined }],
  ['nothing', undefined],
])('%s', (_, value) => {
  expect(recordableResult(value).text).toBe(serialization.DBOSJSON.stringify(value));
});

test('the workflow gets a copy', () => {
  const result = { list: [1] };
  const { value } = recordableResult(result);
  result.list.push(2);
  expect(value).toEqual({ list: [1] });
});
