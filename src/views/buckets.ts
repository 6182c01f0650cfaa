// Reads the limits of endpoints and tenants, and what is left of them, from the view `holdfast.buckets`.

import type { Knex } from 'knex';

/** A bucket as it is shown. Times are ISO 8601 with milliseconds, UTC; null stands for no limit. */
export interface BucketView {
  kind: 'endpoint' | 'tenant';
  name: string;
  rpm: number | null;
  tpm: number | null;
  concurrency: number | null;
  /** The part of the rate that is used now. */
  rate: number;
  blockedUntil: string | null;
  requestsLeft: number | null;
  tokensLeft: number | null;
  callsAllotted: number | null;
  waiting: number;
  granted: number;
  oldestAt: string | null;
}

type Row = Omit<BucketView, 'blockedUntil' | 'oldestAt'> & { blockedUntil: Date | null; oldestAt: Date | null };

/** Returns the buckets of all endpoints, and those of all tenants or, with `tenant`, of that one. */
export async function listBuckets(db: Knex, tenant: string | undefined): Promise<BucketView[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `SELECT kind, name, rpm, tpm, concurrency, rate, blocked_until AS "blockedUntil", requests_left::float8 AS "requestsLeft",
            tokens_left::float8 AS "tokensLeft", calls_allotted AS "callsAllotted", waiting, granted, oldest_at AS "oldestAt"
       FROM holdfast.buckets
      WHERE kind = 'endpoint' OR :tenant::text IS NULL OR name = :tenant
      ORDER BY kind, name`,
    { tenant: tenant ?? null },
  );
  return rows.map(({ blockedUntil, oldestAt, ...row }) => ({
    ...row,
    blockedUntil: blockedUntil?.toISOString() ?? null,
    oldestAt: oldestAt?.toISOString() ?? null,
  }));
}
