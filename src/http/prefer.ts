// The `Prefer` header (RFC 7240): whether the caller waits for the run, and how long. And the `Idempotency-Key` header.

import { InvalidInput } from '../core/errors.ts';

const LONGEST_WAIT_SECONDS = 30;

/** Returns for how many seconds the caller wants to wait (0 for not at all, 30 at most), and which preference that honours. */
export function parsePrefer(header: string | undefined): { waitSeconds: number; applied: string | undefined } {
  const preferences = new Map((header ?? '').split(/[,;]/).map(preference));
  const wait = Number(preferences.get('wait'));
  if (preferences.has('wait') && Number.isInteger(wait) && wait >= 0) {
    const waitSeconds = Math.min(wait, LONGEST_WAIT_SECONDS);
    return { waitSeconds, applied: `wait=${waitSeconds}` };
  }
  return { waitSeconds: 0, applied: preferences.has('respond-async') ? 'respond-async' : undefined };
}

function preference(text: string): [string, string] {
  const [name = '', value = ''] = text.split('=');
  return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')];
}

/**
 * Returns the value of an `Idempotency-Key` header. The draft (draft-ietf-httpapi-idempotency-key-header-07) makes it a quoted
 * string; bare tokens, which most clients send, are taken as well.
 * @throws InvalidInput `invalid_header` for an empty key, which every caller with a fault in its own code would share
 */
export function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header.trim());
  const key = quoted ? quoted[1]!.replaceAll(/\\(["\\])/g, '$1') : header.trim();
  if (key.trim() !== '') return key;
  throw new InvalidInput(
    'invalid_header',
    "The header cannot be used: 'idempotency-key' must not be empty. Send a key of your own making, or no such header.",
  );
}
