// The table of API keys. Only hashes come here; a key itself is never stored.

import type { Knex } from 'knex';

export interface ApiKeyRow {
  id: string;
  tenant: string;
  /** Who uses it; empty where nobody said. */
  name: string;
  roles: string[];
  /** The first characters of the key, for people. */
  hint: string;
  createdAt: Date;
  revokedAt: Date | null;
}

const COLUMNS = 'id, tenant, name, roles, hint, created_at AS "createdAt", revoked_at AS "revokedAt"';

/** Adds a key and returns its row. */
export async function insertKey(
  db: Knex,
  key: { tenant: string; name: string; roles: string[]; hint: string; hash: Buffer },
): Promise<ApiKeyRow> {
  const { rows } = await db.raw<{ rows: ApiKeyRow[] }>(
    `INSERT INTO holdfast.api_keys (tenant, name, roles, hint, hash)
     VALUES (:tenant, :name, :roles, :hint, :hash) RETURNING ${COLUMNS}`,
    key,
  );
  return rows[0]!;
}

/** Returns the key with this hash, unless it was revoked. */
export async function findKeyByHash(db: Knex, hash: Buffer): Promise<ApiKeyRow | undefined> {
  const { rows } = await db.raw<{ rows: ApiKeyRow[] }>(
    `SELECT ${COLUMNS} FROM holdfast.api_keys WHERE hash = :hash AND revoked_at IS NULL`,
    { hash },
  );
  return rows[0];
}

/** Returns all keys, the newest first. */
export async function listKeys(db: Knex): Promise<ApiKeyRow[]> {
  const { rows } = await db.raw<{ rows: ApiKeyRow[] }>(
    `SELECT ${COLUMNS} FROM holdfast.api_keys ORDER BY created_at DESC, id`,
  );
  return rows;
}

/** Revokes the key with this id or hint. Returns its row, or undefined when there is none that is not revoked already. */
export async function revokeKey(db: Knex, idOrHint: string): Promise<ApiKeyRow | undefined> {
  const { rows } = await db.raw<{ rows: ApiKeyRow[] }>(
    `UPDATE holdfast.api_keys SET revoked_at = now()
      WHERE (id::text = :idOrHint OR hint = :idOrHint) AND revoked_at IS NULL
     RETURNING ${COLUMNS}`,
    { idOrHint },
  );
  return rows[0];
}
