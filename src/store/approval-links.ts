// The table of links by which one person can answer one question once. Only hashes of their tokens come here.

import type { Knex } from 'knex';

/** A link as it was made. Times are milliseconds since 1970, by the database's clock. */
export interface ApprovalLink {
  id: string;
  approvalId: string;
  /** Of the run that asks. */
  tenant: string;
  person: string;
  roles: string[];
  isExpired: boolean;
  isUsed: boolean;
}

export interface NewLink {
  approvalId: string;
  tokenHash: Buffer;
  person: string;
  roles: readonly string[];
  madeBy: string;
  /** Milliseconds; the link ends with the approval's time at the latest. */
  lastsMs: number | null;
}

/** Adds a link, and returns when it ends. The approval is locked and pending. */
export async function insertLink(trx: Knex.Transaction, link: NewLink): Promise<Date> {
  const { rows } = await trx.raw<{ rows: { expiresAt: Date }[] }>(
    `INSERT INTO holdfast.approval_links (approval_id, token_hash, person, roles, made_by, expires_at)
     SELECT id, :tokenHash, :person, :roles::text[], :madeBy,
            LEAST(expires_at, clock_timestamp() + :lastsMs * interval '1 millisecond')
       FROM holdfast.approvals WHERE id = :approvalId AND status = 'pending'
     RETURNING expires_at AS "expiresAt"`,
    { ...link, roles: [...link.roles] },
  );
  if (!rows[0]) throw new Error(`A link was to be made for the approval '${link.approvalId}', but it is not pending.`);
  return rows[0].expiresAt;
}

/** Returns the link whose token has this hash. */
export async function findLink(db: Knex, tokenHash: Buffer): Promise<ApprovalLink | undefined> {
  const { rows } = await db.raw<{ rows: ApprovalLink[] }>(
    `SELECT l.id, l.approval_id AS "approvalId", a.tenant, l.person, l.roles,
            l.expires_at <= clock_timestamp() AS "isExpired", l.used_at IS NOT NULL AS "isUsed"
       FROM holdfast.approval_links l JOIN holdfast.approvals a ON a.id = l.approval_id
      WHERE l.token_hash = :tokenHash`,
    { tokenHash },
  );
  return rows[0];
}

/** Uses the link up. Returns false when that was done before, or its time is up. */
export async function takeLink(trx: Knex.Transaction, id: string): Promise<boolean> {
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `UPDATE holdfast.approval_links SET used_at = clock_timestamp()
      WHERE id = :id AND used_at IS NULL AND expires_at > clock_timestamp()`,
    { id },
  );
  return rowCount === 1;
}
