// A set of whole numbers, written short: `0-5,7`. It is how an event stream's position says what has been seen already.

/** The largest number that a step can have: one below the end of Postgres' integers. */
const LARGEST = 2 ** 31 - 2;

/** The numbers of a set as closed ranges in ascending order, neither touching nor overlapping. */
export type RangeSet = ReadonlyArray<readonly [first: number, last: number]>;

/** Returns `set` with `value` in it. */
export function withNumber(set: RangeSet, value: number): RangeSet {
  const index = firstAbove(set, value);
  const left = set[index - 1];
  const right = set[index];
  if (left && value <= left[1]) return set;
  const joinsLeft = left?.[1] === value - 1;
  const joinsRight = right?.[0] === value + 1;
  const joined = [joinsLeft ? left[0] : value, joinsRight ? right[1] : value] as const;
  return set.toSpliced(joinsLeft ? index - 1 : index, Number(joinsLeft) + Number(joinsRight), joined);
}

/** Tells whether `value` is in `set`. */
export function hasNumber(set: RangeSet, value: number): boolean {
  const range = set[firstAbove(set, value) - 1];
  return range !== undefined && value <= range[1];
}

/** Returns the index of the first range that begins above `value`. */
function firstAbove(set: RangeSet, value: number): number {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (set[middle]![0] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Returns the text of `set`, empty for the empty set. Where it would be longer than `limit` characters, it is the text of as many of
 * the first ranges as fit: a subset.
 */
export function formatRanges(set: RangeSet, limit = Infinity): string {
  let text = '';
  for (const [first, last] of set) {
    const range = first === last ? `${first}` : `${first}-${last}`;
    const longer = text === '' ? range : `${text},${range}`;
    if (longer.length > limit) break;
    text = longer;
  }
  return text;
}

/** Returns the set that `formatRanges` wrote as `text`, or undefined when the text is not of that form. */
export function parseRanges(text: string): RangeSet | undefined {
  if (text === '') return [];
  const set: (readonly [number, number])[] = [];
  let previous = -2;
  for (const part of text.split(',')) {
    const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part);
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || first <= previous + 1 || last > LARGEST) return undefined;
    set.push([first, last]);
    previous = last;
  }
  return set;
}
