// The table of leases: a row for each process that runs runs, which it has to renew. All times are the database's.

import type { Knex } from 'knex';

/** What a process says of itself when it takes a lease. `host` and `process` let a process on the same machine see that it is gone. */
export interface LeaseHolder {
  executorId: string;
  host: string;
  pid: number;
  process: string;
  role: string;
  version: string;
  /** The names of the workflows that it has. */
  workflows: readonly string[];
}

/** A lease that still runs. */
export interface RunningLease {
  executorId: string;
  host: string;
  pid: number;
  process: string;
}

/** What pg's `query` takes. */
interface Query {
  name: string;
  text: string;
  values: unknown[];
}

/**
 * Returns the statement that enters the holder with a lease of `ttlMs` milliseconds, or renews the lease that it has. It is the same
 * for both, because others may have removed the row of a process that they took for dead.
 */
export function takeOrRenewLease(holder: LeaseHolder, ttlMs: number): Query {
  const { executorId, host, pid, process, role, version, workflows } = holder;
  return {
    name: 'holdfast_lease',
    text: `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, workflows, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7::text[], now() + $8 * interval '1 millisecond')
           ON CONFLICT (executor_id) DO UPDATE SET expires_at = excluded.expires_at, renewed_at = now()`,
    values: [executorId, host, pid, process, role, version, workflows, ttlMs],
  };
}

/** A query, to stand in another one, whose one value is the array of `RunningLease`. */
export const RUNNING_LEASES = `
  SELECT COALESCE(json_agg(json_build_object('executorId', executor_id, 'host', host, 'pid', pid, 'process', process)), '[]')
    FROM holdfast.leases WHERE expires_at > now()`;

/** Gives leases back, so that what these executors left behind can be taken over at once. */
export async function deleteLeases(db: Knex, executorIds: readonly string[]): Promise<void> {
  await db.raw('DELETE FROM holdfast.leases WHERE executor_id = ANY(:executorIds)', { executorIds: [...executorIds] });
}

/** Removes rows whose lease ended more than an hour ago; until then they are of interest to people. */
export async function deleteForgottenLeases(db: Knex): Promise<void> {
  await db.raw(`DELETE FROM holdfast.leases WHERE expires_at < now() - interval '1 hour'`);
}
