// A set of whole numbers, written short: `0-5,7`. It is how an event stream's position says what has been seen already.

/** The largest number that a step can have: one below the end of Postgres' integers. */
const LARGEST = 2 ** 31 - 2;

/** The numbers of a set as closed ranges in ascending order, neither touching nor overlapping. */
export type RangeSet = ReadonlyArray<readonly [first: number, last: number]>;

/** Returns `set` with `value` in it. */
export function withNumber(set: RangeSet, value: number): RangeSet {
  if (hasNumber(set, value)) return set;
  const before = set.filter(([, last]) => last < value - 1);
  const after = set.filter(([first]) => first > value + 1);
  const left = set.find(([, last]) => last === value - 1);
  const right = set.find(([first]) => first === value + 1);
  return [...before, [left?.[0] ?? value, right?.[1] ?? value], ...after];
}

/** Tells whether `value` is in `set`. */
export function hasNumber(set: RangeSet, value: number): boolean {
  return set.some(([first, last]) => first <= value && value <= last);
}

/** Returns the text of `set`, empty for the empty set. */
export function formatRanges(set: RangeSet): string {
  return set.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** Returns the set that `formatRanges` wrote as `text`, or undefined when the text is not of that form. */
export function parseRanges(text: string): RangeSet | undefined {
  if (text === '') return [];
  let set: RangeSet = [];
  let previous = -2;
  for (const part of text.split(',')) {
    const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part);
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || first <= previous + 1 || last > LARGEST) return undefined;
    set = [...set, [first, last]];
    previous = last;
  }
  return set;
}
