// Which values may cross a checkpoint: JSON, plus Date, Map, Set, BigInt, RegExp, URL and undefined. Everything else is refused by path.

import { InvalidInput } from './errors.ts';

const PLAIN_CLASSES = [Date, Map, Set, RegExp, URL, Error];

/**
 * Returns `value` unchanged when it can be recorded and read back as it is.
 * @throws InvalidInput `not_serializable`, naming `what` and the path of the first class instance, function, symbol, stream or cycle.
 */
export function assertSerializable<T>(value: T, what: string): T {
  const found = findUnserializable(value, '', new Set(), false);
  if (!found) return value;
  throw new InvalidInput(
    'not_serializable',
    `${what} cannot be recorded: ${found.path === '' ? 'the value itself' : `'${found.path}'`} is ${found.kind}. ` +
      'Return plain objects, arrays, strings, numbers, booleans, dates, maps, sets or bigints.',
    found,
  );
}

/** Far beyond any sensible document, and far below what recursion can bear. */
const DEEPEST = 500;
/** Keys that superjson refuses, or (with the backslash at the end) takes for the beginning of another key. */
const REFUSED_KEY = /^(__proto__|constructor|prototype)$|\\$/;
/** Keys below which superjson does not find its dates, maps and so on again: they would come back as text. */
const PLAIN_ONLY_KEY = /[.\\]/;

interface Finding {
  path: string;
  kind: string;
}

function findUnserializable(value: unknown, path: string, above: Set<object>, plainOnly: boolean): Finding | undefined {
  const problem = problemOf(value, plainOnly);
  if (problem !== undefined) return { path, kind: problem };
  if (typeof value !== 'object' || value === null) return undefined;
  if (above.size >= DEEPEST) return { path: '', kind: `nested deeper than ${DEEPEST} levels` };
  if (above.has(value)) return { path, kind: 'a reference to something that contains it' };
  above.add(value);
  const isRecord = !(value instanceof Map || value instanceof Set);
  for (const [key, item] of entriesOf(value)) {
    if (isRecord && REFUSED_KEY.test(key)) return { path, kind: `an object with the key '${key}'` };
    const itemPath = path === '' ? key : `${path}.${key}`;
    const found = findUnserializable(item, itemPath, above, plainOnly || (isRecord && PLAIN_ONLY_KEY.test(key)));
    if (found) return found;
  }
  above.delete(value);
  return undefined;
}

/** What keeps `value` from being recorded, apart from what is in it. */
function problemOf(value: unknown, plainOnly: boolean): string | undefined {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  const isObject = typeof value === 'object' && value !== null;
  const name = isObject ? `an instance of ${value.constructor?.name || 'a class'}` : typeof value;
  if (plainOnly && !isPlain(value)) return `${name} below a key with a '.' or '\\' in it`;
  if (!isObject) return undefined;
  if (!isPlain(value) && !PLAIN_CLASSES.some((plainClass) => value instanceof plainClass)) return name;
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid date';
  return undefined;
}

/** Tells whether `value`, apart from what is in it, is the same in JSON. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

function entriesOf(value: object): Iterable<[string, unknown]> {
  if (value instanceof Map) return [...value].map(([key, item]) => [String(key), item]);
  if (value instanceof Set) return [...value].map((item, index) => [String(index), item]);
  return isPlain(value) ? Object.entries(value) : [];
}
