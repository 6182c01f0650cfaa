// JSON as it arrives (RFC 8259): bytes in UTF-8, and numbers that there are.

import { HttpError } from './problem.ts';

/** Returns the value that `bytes` stand for, undefined for none. @throws HttpError `invalid_json` */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  const value = parse(decode(bytes));
  if (hasOnlyFinite(value)) return value;
  throw new HttpError(400, 'invalid_json', 'The body has a number that is too large to be one: send it as text.');
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, 'invalid_json', 'The body is not UTF-8: JSON has no other encoding (RFC 8259).');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, 'invalid_json', `The body is not JSON: ${(error as Error).message}`);
  }
}

/** Tells whether every number in `value` is finite. The parser makes an infinity of `1e999`. Not recursive: nesting has no limit yet. */
function hasOnlyFinite(value: unknown): boolean {
  const rest: unknown[] = [[value]];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    for (const item of Array.isArray(next) ? next : Object.values(next as object)) {
      if (typeof item === 'number' && !Number.isFinite(item)) return false;
      if (typeof item === 'object' && item !== null) rest.push(item);
    }
  }
  return true;
}
