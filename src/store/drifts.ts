// The table of drifts: recorded turns of agents that the present code would ask for in another way.

import type { Knex } from 'knex';
import type { Difference } from '../core/fingerprint.ts';
import type { DriftPolicy } from '../define/agent.ts';

/** A turn that has drifted. */
export interface Drift {
  runId: string;
  stepId: number;
  agent: string;
  changed: readonly Difference[];
  recorded: object;
  present: object;
  /** Of how the code asks now. */
  presentHash: string;
  policy: DriftPolicy;
  outcome: 'went_on' | 'held' | 'asked_again';
}

/**
 * Enters drifts; one that is known to have been noticed, or is noticed twice, gets the last outcome. Returns the runs of which no drift
 * towards the same code was known before.
 */
export async function insertDrifts(db: Knex, noticed: readonly Drift[]): Promise<string[]> {
  const drifts = new Map(noticed.map((drift) => [`${drift.stepId} ${drift.presentHash} ${drift.runId}`, drift]));
  const { rows } = await db.raw<{ rows: { runId: string }[] }>(
    `WITH drift AS MATERIALIZED (
       SELECT * FROM json_to_recordset(:drifts::json)
           AS d("runId" text, "stepId" int, "presentHash" text, agent text, changed jsonb, recorded jsonb, present jsonb,
                policy text, outcome text)),
     known AS MATERIALIZED (
       SELECT DISTINCT d."runId" FROM drift d
         JOIN holdfast.drifts k ON k.run_id = d."runId" AND k.present_hash = d."presentHash"),
     written AS (
       INSERT INTO holdfast.drifts AS d (run_id, step_id, present_hash, agent, changed, recorded, present, policy, outcome)
       SELECT drift."runId", "stepId", "presentHash", agent, changed, recorded, present, policy, outcome
         FROM drift JOIN dbos.workflow_status w ON w.workflow_uuid = drift."runId"
        ORDER BY 1, 2, 3
       ON CONFLICT (run_id, step_id, present_hash) DO UPDATE SET policy = excluded.policy, outcome = excluded.outcome
         WHERE (d.policy, d.outcome) IS DISTINCT FROM (excluded.policy, excluded.outcome)
       RETURNING run_id)
     SELECT DISTINCT run_id AS "runId" FROM written WHERE run_id NOT IN (SELECT "runId" FROM known)`,
    { drifts: JSON.stringify([...drifts.values()]) },
  );
  return rows.map(({ runId }) => runId);
}

/** Tells whether a person has let the run go on with code that asks as `presentHash` says. */
export async function isDriftAccepted(db: Knex, runId: string, presentHash: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM holdfast.drifts
      WHERE run_id = :runId AND present_hash = :presentHash AND accepted_at IS NOT NULL LIMIT 1`,
    { runId, presentHash },
  );
  return rows.length > 0;
}

/** Enters that the run is taken back to a drifted turn, to ask its model again. */
export async function insertRewind(db: Knex, drift: Drift): Promise<void> {
  await insertDrifts(db, [drift]);
  const { runId, stepId, presentHash } = drift;
  await db.raw(
    `UPDATE holdfast.drifts SET rewinds = rewinds + 1
      WHERE run_id = :runId AND step_id = :stepId AND present_hash = :presentHash`,
    { runId, stepId, presentHash },
  );
}

/** Returns how often the run was taken back because of drift. */
export async function countRewinds(db: Knex, runId: string): Promise<number> {
  const { rows } = await db.raw<{ rows: [{ count: number }] }>(
    'SELECT COALESCE(sum(rewinds), 0)::int AS count FROM holdfast.drifts WHERE run_id = :runId',
    { runId },
  );
  return rows[0].count;
}
