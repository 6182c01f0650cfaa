// Secrets that are handed out once: keys, and the tokens of links. Only their hashes are kept.

import { createHash, randomBytes } from 'node:crypto';

const BYTES = 32;

/** Returns 256 random bits as 43 letters, digits, `-` and `_`. */
export function newSecret(): string {
  return randomBytes(BYTES).toString('base64url');
}

/** Returns what is kept of a secret. It has so many random bits that a fast hash is enough: there is nothing to guess. */
export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
