import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toMilliseconds } from '../../src/core/duration.ts';

test.each([
  [0, 0],
  [1500, 1500],
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['48h', 172_800_000],
  ['3d', 259_200_000],
  ['2w', 1_209_600_000],
  ['1h30m', 5_400_000],
  ['1m 30s', 90_000],
  [' 1.5s ', 1500],
])('%j is %d ms', (duration, ms) => {
  expect(toMilliseconds(duration)).toBe(ms);
});

test.each([-1, Number.NaN, Infinity, '', '  ', '5', '5 minutes', 'ms', '-5s', '1e3s', '5s!', 'in 5s'])(
  '%j is refused by name',
  (duration) => {
    expect(() => toMilliseconds(duration)).toThrowError(
      expect.objectContaining({ code: 'invalid_duration', message: expect.stringContaining(`'${duration}'`) }),
    );
  },
);

test('parts add up, in whatever order they stand', () => {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
  const part = fc.tuple(fc.nat(1000), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])));
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const sum = parts.reduce((total, [count, unit]) => total + count * units[unit], 0);
      expect(toMilliseconds(parts.map(([count, unit]) => `${count}${unit}`).join(' '))).toBe(sum);
    }),
  );
});
