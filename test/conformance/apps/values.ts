// One value of every type that may cross a checkpoint, and of the shapes that are easily lost on the way.

/** By name, as the step that returns it is asked for it. */
export const VALUES: Record<string, () => unknown> = {
  text: () => 'Grüße, 世界 👋🏽',
  'empty text': () => '',
  'text that jsonb cannot hold': () => 'nul \u0000 half \ud83d quote " backslash \\ line \u2028',
  number: () => 42,
  fraction: () => -1.25e-7,
  'large number': () => Number.MAX_SAFE_INTEGER,
  'negative zero': () => -0,
  infinity: () => Infinity,
  'not a number': () => NaN,
  true: () => true,
  false: () => false,
  null: () => null,
  undefined: () => undefined,
  bigint: () => 2n ** 80n,
  date: () => new Date('2001-02-03T04:05:06.789Z'),
  map: () =>
    new Map<unknown, unknown>([
      ['a', 1],
      [2, new Date('2001-02-03T04:05:06.789Z')],
    ]),
  set: () => new Set([1, 'two', 3n]),
  regexp: () => /^[a-z]+\/$/giu,
  url: () => new URL('https://example.com/a?b=c#d'),
  error: () => new TypeError('a value, not a failure'),
  'empty object': () => ({}),
  'empty array': () => [],
  nested: () => ({ list: [{ at: new Date(0), tags: new Set(['x']) }, null, undefined], none: undefined, big: 1n }),
  'keys with dots': () => ({ 'a.b': 1, 'c\\d': { e: 2 }, '': 3, json: { meta: 'like the envelope' } }),
  repeated: () => {
    const same = { shared: true };
    return [same, same];
  },
};

/** Returns a text of about 1 MB that does not repeat itself. */
export function megabyte(): string {
  let text = '';
  for (let n = 0; text.length < 1_000_000; n += 1) text += `${n} "quoted" ä ${(n * 2_654_435_761) % 65_537}\n`;
  return text;
}
