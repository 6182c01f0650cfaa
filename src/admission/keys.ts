// API keys: made of randomness, shown once, recognised by their hash.

import { createHash, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { InvalidInput, NotFound } from '../core/errors.ts';
import { type ApiKeyRow, findTenantByHash, insertKey, revokeKey } from '../store/api-keys.ts';

const KEY_BYTES = 32;
const HINT_LENGTH = 11;

/** Makes a key for `tenant`. The result's `key` is the only copy there will ever be. @throws InvalidInput `invalid_tenant` */
export async function createKey(db: Knex, tenant: string, name: string): Promise<ApiKeyRow & { key: string }> {
  if (!/^[\w.@:-]{1,100}$/.test(tenant)) {
    throw new InvalidInput(
      'invalid_tenant',
      `'${tenant}' cannot be a tenant: use 1 to 100 letters, digits or . _ @ : -`,
    );
  }
  const key = `hf_${randomBytes(KEY_BYTES).toString('base64url')}`;
  const row = await insertKey(db, { tenant, name, hint: key.slice(0, HINT_LENGTH), hash: hashOf(key) });
  return { ...row, key };
}

/** Revokes the key with this id or hint: requests with it are refused from now on. @throws NotFound `key_not_found` */
export async function revoke(db: Knex, idOrHint: string): Promise<ApiKeyRow> {
  const row = await revokeKey(db, idOrHint);
  if (row) return row;
  throw new NotFound(
    'key_not_found',
    `There is no key '${idOrHint}' that could be revoked: 'holdfast keys list' shows the keys.`,
  );
}

/** Returns the tenant that `key` belongs to, or undefined for an unknown or revoked key. */
export function tenantOf(db: Knex, key: string): Promise<string | undefined> {
  return findTenantByHash(db, hashOf(key));
}

/** A key has 256 random bits, so a fast hash is enough: there is nothing to guess. */
function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
