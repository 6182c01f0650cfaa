// The table of endpoints that are left alone: what every process knows of them. All times are the database's.

import type { Knex } from 'knex';

/** Which endpoint. */
export interface HealthKey {
  endpoint: string;
  /** Where it is, and which model it stands for. */
  target: string;
}

/** What is known of one. Times are in milliseconds from now: below 0 they have passed. */
export interface HealthRow extends HealthKey {
  state: 'open' | 'closed';
  level: number;
  reason: string;
  changedInMs: number;
  openInMs: number;
  /** Null while nobody makes the probe. */
  probeInMs: number | null;
}

/** Returns what is known of all endpoints. */
export async function endpointHealth(db: Knex): Promise<HealthRow[]> {
  const { rows } = await db.raw<{ rows: HealthRow[] }>(
    `SELECT endpoint, target, state, level, reason,
            EXTRACT(EPOCH FROM changed_at - now())::float8 * 1000 AS "changedInMs",
            EXTRACT(EPOCH FROM open_until - now())::float8 * 1000 AS "openInMs",
            EXTRACT(EPOCH FROM probe_until - now())::float8 * 1000 AS "probeInMs"
       FROM holdfast.endpoint_health`,
  );
  return rows;
}

/**
 * Has an endpoint left alone for `pauseMs` milliseconds. What others said of it first, and what still holds, stays; who has not heard of
 * them does not know how often it has failed.
 */
export async function openBreaker(
  db: Knex,
  opening: HealthKey & { level: number; reason: string; pauseMs: number },
): Promise<void> {
  await db.raw(
    `INSERT INTO holdfast.endpoint_health AS h (endpoint, target, state, level, reason, open_until)
     VALUES (:endpoint, :target, 'open', :level, :reason, now() + :pauseMs * interval '1 millisecond')
     ON CONFLICT (endpoint, target) DO UPDATE
        SET state = 'open', level = CASE WHEN h.state = 'open' THEN GREATEST(h.level, excluded.level) ELSE excluded.level END, reason = excluded.reason, open_until = excluded.open_until,
            probe_until = NULL, changed_at = CASE WHEN h.state = 'open' THEN h.changed_at ELSE clock_timestamp() END
      WHERE h.state = 'closed' OR h.open_until <= now()`,
    { ...opening },
  );
}

/** Takes the probe of an endpoint for `probeMs` milliseconds. Returns false when it is not its time, or somebody else has it. */
export async function takeProbe(db: Knex, probe: HealthKey & { probeMs: number }): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `UPDATE holdfast.endpoint_health SET probe_until = now() + :probeMs * interval '1 millisecond'
      WHERE endpoint = :endpoint AND target = :target AND state = 'open' AND open_until <= now()
        AND (probe_until IS NULL OR probe_until <= now())
     RETURNING endpoint`,
    { ...probe },
  );
  return rows.length > 0;
}

/** Leaves the probe to whoever comes next: it was not made, or says nothing. */
export async function leaveProbe(db: Knex, { endpoint, target }: HealthKey): Promise<void> {
  await db.raw(
    `UPDATE holdfast.endpoint_health SET probe_until = NULL WHERE endpoint = :endpoint AND target = :target`,
    { endpoint, target },
  );
}

/** Has an endpoint asked again. */
export async function closeBreaker(db: Knex, { endpoint, target }: HealthKey): Promise<void> {
  await db.raw(
    `UPDATE holdfast.endpoint_health SET state = 'closed', probe_until = NULL, changed_at = clock_timestamp()
      WHERE endpoint = :endpoint AND target = :target AND state = 'open'`,
    { endpoint, target },
  );
}
