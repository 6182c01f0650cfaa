// Which values may cross a checkpoint: JSON, plus Date, Map, Set, BigInt, RegExp, URL and undefined. Everything else is refused by path.

import { InvalidInput } from './errors.ts';

const PLAIN_CLASSES = [Date, Map, Set, RegExp, URL, Error];

/**
 * Returns `value` unchanged when it can be recorded and read back as it is.
 * @throws InvalidInput `not_serializable`, naming `what` and the path of the first class instance, function, symbol, stream or cycle.
 */
export function assertSerializable<T>(value: T, what: string): T {
  const found = findUnserializable(value, '', new Set());
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

interface Finding {
  path: string;
  kind: string;
}

function findUnserializable(value: unknown, path: string, above: Set<object>): Finding | undefined {
  if (typeof value === 'function') return { path, kind: 'a function' };
  if (typeof value === 'symbol') return { path, kind: 'a symbol' };
  if (typeof value !== 'object' || value === null) return undefined;
  if (above.size >= DEEPEST) return { path: '', kind: `nested deeper than ${DEEPEST} levels` };
  if (above.has(value)) return { path, kind: 'a reference to something that contains it' };
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === Object.prototype || prototype === null || Array.isArray(value);
  if (!plain && !PLAIN_CLASSES.some((plainClass) => value instanceof plainClass)) {
    return { path, kind: `an instance of ${value.constructor?.name || 'a class'}` };
  }
  above.add(value);
  for (const [key, item] of entriesOf(value)) {
    if (key === '__proto__') return { path, kind: `an object with the key '__proto__'` };
    const found = findUnserializable(item, path === '' ? key : `${path}.${key}`, above);
    if (found) return found;
  }
  above.delete(value);
  return undefined;
}

function entriesOf(value: object): Iterable<[string, unknown]> {
  if (value instanceof Map) return [...value].map(([key, item]) => [String(key), item]);
  if (value instanceof Set) return [...value].map((item, index) => [String(index), item]);
  if (PLAIN_CLASSES.some((plainClass) => value instanceof plainClass)) return [];
  return Object.entries(value);
}
