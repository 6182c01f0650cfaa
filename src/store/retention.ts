// The tables that say how long ended runs are kept, and how far their removal has come. All times are the database's.

import type { Knex } from 'knex';
import type { RetentionRule } from '../define/retention.ts';

/** A place in the order in which runs ended. */
export interface EndedPosition {
  /** Milliseconds since 1970. */
  endedMs: number;
  runId: string;
}

/** The removal of the runs that are kept for `keepMs`. */
export interface RetentionRound {
  keepMs: number;
  reached: EndedPosition;
}

/** Enters what this build says of its workflows. When that changes anything, all rounds begin anew; rules of other builds stay. */
export async function saveRetention(db: Knex, application: string, rules: readonly RetentionRule[]): Promise<void> {
  const workflows = rules.map(({ workflow }) => workflow);
  const keepMs = rules.map((rule) => rule.keepMs);
  await db.transaction(async (trx) => {
    const changed = await trx.raw<{ rowCount: number }>(
      `INSERT INTO holdfast.retention AS known (application, workflow, keep_ms)
       SELECT :application, rule.workflow, rule.keep_ms
         FROM unnest(:workflows::text[], :keepMs::bigint[]) AS rule (workflow, keep_ms)
        ORDER BY rule.workflow
       ON CONFLICT (application, workflow) DO UPDATE SET keep_ms = excluded.keep_ms
         WHERE known.keep_ms IS DISTINCT FROM excluded.keep_ms`,
      { application, workflows, keepMs },
    );
    if (changed.rowCount === 0) return;
    await trx.raw('DELETE FROM holdfast.retention_rounds WHERE application = :application', { application });
    await trx.raw(
      `INSERT INTO holdfast.retention_rounds (application, keep_ms)
       SELECT DISTINCT application, keep_ms FROM holdfast.retention
        WHERE application = :application AND keep_ms IS NOT NULL
       ON CONFLICT DO NOTHING`,
      { application },
    );
  });
}

/** Returns the round that has been due for longest, locked until the end of the transaction; undefined when none is, or others are at it. */
export async function takeDueRound(trx: Knex.Transaction, application: string): Promise<RetentionRound | undefined> {
  const { rows } = await trx.raw<{ rows: { keepMs: number; endedMs: number; runId: string }[] }>(
    `SELECT keep_ms::float8 AS "keepMs", reached_ms::float8 AS "endedMs", reached_id AS "runId"
       FROM holdfast.retention_rounds
      WHERE application = :application AND due_at <= now()
      ORDER BY due_at
      LIMIT 1
        FOR UPDATE SKIP LOCKED`,
    { application },
  );
  const row = rows[0];
  return row && { keepMs: row.keepMs, reached: { endedMs: row.endedMs, runId: row.runId } };
}

/** Notes that the round has come as far as `reached`, with more to look at. */
export async function advanceRound(
  trx: Knex.Transaction,
  application: string,
  keepMs: number,
  { endedMs, runId }: EndedPosition,
): Promise<void> {
  await trx.raw(
    `UPDATE holdfast.retention_rounds SET reached_ms = :endedMs, reached_id = :runId
      WHERE application = :application AND keep_ms = :keepMs`,
    { application, keepMs, endedMs, runId },
  );
}

/**
 * Notes that there is nothing behind `reached` for now. Runs that were passed over because others needed them are met by the next
 * round, which begins once this one is a day old.
 */
export async function restRound(
  trx: Knex.Transaction,
  application: string,
  keepMs: number,
  { endedMs, runId }: EndedPosition,
): Promise<void> {
  await trx.raw(
    `UPDATE holdfast.retention_rounds
        SET (reached_ms, reached_id, began_at) = (
              SELECT CASE WHEN old THEN 0 ELSE :endedMs::bigint END, CASE WHEN old THEN '' ELSE :runId END,
                     CASE WHEN old THEN now() ELSE began_at END
                FROM (SELECT began_at < now() - interval '1 day' AS old) AS age),
            due_at = now() + interval '1 minute'
      WHERE application = :application AND keep_ms = :keepMs`,
    { application, keepMs, endedMs, runId },
  );
}
