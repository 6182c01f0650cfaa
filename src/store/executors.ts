// The table of executors: a row for each process that runs runs, with a lease that it has to renew. All times are the database's.

import type { Knex } from 'knex';

/** What a process says of itself when it takes a lease. `host` and `process` let a process on the same machine see that it is gone. */
export interface ExecutorRow {
  executorId: string;
  host: string;
  pid: number;
  process: string;
  role: string;
  version: string;
}

/** Enters the executor, with a lease of `ttlMs` milliseconds. */
export async function insertExecutor(db: Knex, row: ExecutorRow, ttlMs: number): Promise<void> {
  await db.raw(
    `INSERT INTO holdfast.executors (executor_id, host, pid, process, role, version, expires_at)
     VALUES (:executorId, :host, :pid, :process, :role, :version, now() + :ttlMs * interval '1 millisecond')
     ON CONFLICT (executor_id) DO UPDATE SET expires_at = excluded.expires_at`,
    { ...row, ttlMs },
  );
}

/** Renews the lease. Returns false when the row is gone: somebody took this process for dead. */
export async function renewLease(db: Knex, executorId: string, ttlMs: number): Promise<boolean> {
  const result = await db.raw<{ rowCount: number }>(
    `UPDATE holdfast.executors
        SET expires_at = now() + :ttlMs * interval '1 millisecond', renewed_at = now()
      WHERE executor_id = :executorId`,
    { executorId, ttlMs },
  );
  return result.rowCount === 1;
}

/** Gives leases back, so that what these executors left behind can be taken over at once. */
export async function deleteExecutors(db: Knex, executorIds: readonly string[]): Promise<void> {
  await db.raw('DELETE FROM holdfast.executors WHERE executor_id = ANY(:executorIds)', {
    executorIds: [...executorIds],
  });
}

/** Removes rows whose lease ended more than an hour ago; until then they are of interest to people. */
export async function deleteForgottenExecutors(db: Knex): Promise<void> {
  await db.raw(`DELETE FROM holdfast.executors WHERE expires_at < now() - interval '1 hour'`);
}

/** Returns the executors of this host whose lease still runs. */
export async function executorsOnHost(
  db: Knex,
  host: string,
): Promise<Pick<ExecutorRow, 'executorId' | 'pid' | 'process'>[]> {
  const { rows } = await db.raw<{ rows: Pick<ExecutorRow, 'executorId' | 'pid' | 'process'>[] }>(
    `SELECT executor_id AS "executorId", pid, process FROM holdfast.executors WHERE host = :host AND expires_at > now()`,
    { host },
  );
  return rows;
}

/** Returns how many executors other than this one hold a lease. */
export async function countPeers(db: Knex, executorId: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { peers: number }[] }>(
    `SELECT count(*)::int AS peers FROM holdfast.executors WHERE executor_id <> :executorId AND expires_at > now()`,
    { executorId },
  );
  return rows[0]?.peers ?? 0;
}
