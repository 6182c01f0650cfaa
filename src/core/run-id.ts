// Where run ids come from: time-ordered for new runs, derived for runs with an idempotency key, so that the key is the primary key.

import { createHash, randomUUID } from 'node:crypto';

/** Where a UUIDv4 has its first random digit after its version. */
const RANDOM_FROM = 15;
const KEYED_VERSION = 8;

/**
 * Returns a new UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits, so that ids sort by time. These are those of
 * `random`, a UUIDv4, for which the platform keeps random bytes in store.
 */
export function newRunId(nowMs: number = Date.now(), random: string = randomUUID()): string {
  const time = nowMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(RANDOM_FROM)}`;
}

/**
 * Returns the id of the run that (tenant, workflow, idempotency key) stand for: a UUIDv8 (RFC 9562 §5.8) made of their SHA-256.
 * Callers that send the same key therefore insert the same row, and the primary key lets only one of them in.
 */
export function runIdForKey(tenant: string, workflow: string, idempotencyKey: string): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([tenant, workflow, idempotencyKey]))
    .digest();
  return formatUuid(new Uint8Array(digest.subarray(0, 16)));
}

/** Returns the fingerprint of a request's input, by which another body under the same idempotency key is recognised. */
export function inputHash(input: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(input, sortedKeys) ?? 'undefined')
    .digest('hex');
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function formatUuid(bytes: Uint8Array): string {
  bytes[6] = (bytes[6]! & 0x0f) | (KEYED_VERSION << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
