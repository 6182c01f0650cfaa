// Values that are JSON and nothing else, which most results are: they need no more than JSON to be written and read.

import { SuperJSON } from 'superjson';

/** Returns `value` as plain JSON, the way people and models are shown it: dates as text, maps as pairs, undefined as null. */
export function plainJson(value: unknown): unknown {
  return value === undefined || isPlainJson(value) ? (value ?? null) : SuperJSON.serialize(value).json;
}

/**
 * Tells whether `value` is the same after it was written as JSON and read again: null, booleans, strings, finite numbers, and arrays
 * and plain objects of these, in which no object stands twice.
 */
export function isPlainJson(value: unknown): boolean {
  return isPlain(value, new Set());
}

function isPlain(value: unknown, seen: Set<object>): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || seen.has(value)) return false;
  seen.add(value);
  if (Array.isArray(value)) return isDense(value) && value.every((item) => isPlain(item, seen));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.getOwnPropertySymbols(value).length === 0 && Object.values(value).every((item) => isPlain(item, seen));
}

/** An array without holes, and without properties of its own. */
function isDense(value: unknown[]): boolean {
  return Object.keys(value).length === value.length;
}
