// API keys: made of randomness, shown once, recognised by their hash.

import type { Knex } from 'knex';
import { NotFound } from '../core/errors.ts';
import { assertName, type Person, personName } from '../core/person.ts';
import { type ApiKeyRow, findKeyByHash, insertKey, revokeKey } from '../store/api-keys.ts';
import { hashOfSecret, newSecret } from './secrets.ts';

const HINT_LENGTH = 11;

/** Whose key it is to be. */
export interface KeyOwner {
  tenant: string;
  /** Who uses it. By this name they start runs and decide; without one it is the key's hint. */
  name?: string;
  roles?: readonly string[];
}

/**
 * Makes a key. The result's `key` is the only copy there will ever be.
 * @throws InvalidInput `invalid_tenant`, `invalid_role`
 */
export async function createKey(db: Knex, owner: KeyOwner): Promise<ApiKeyRow & { key: string }> {
  const { tenant, name = '', roles = [] } = owner;
  assertName('invalid_tenant', 'tenant', tenant);
  for (const role of roles) assertName('invalid_role', 'role', role);
  const key = `hf_${newSecret()}`;
  const row = await insertKey(db, {
    tenant,
    name: personName(name),
    roles: [...new Set(roles)],
    hint: key.slice(0, HINT_LENGTH),
    hash: hashOfSecret(key),
  });
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

/** Returns who uses `key`, or undefined for an unknown or revoked one. */
export async function personOf(db: Knex, key: string): Promise<Person | undefined> {
  const row = await findKeyByHash(db, hashOfSecret(key));
  return row && { name: row.name || row.hint, roles: row.roles, tenant: row.tenant };
}
