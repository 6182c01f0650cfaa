// Stops a run with everything below it for good, so that it can be said what they have done.

import type { Knex } from 'knex';
import { cancelRun } from './runs.ts';

/**
 * Cancels what is unfinished of the run and of those below it. When this returns, nothing more is recorded for any of them, nor can one
 * of them start another. To be called in a step.
 */
export async function stopTree(db: Knex, runId: string): Promise<void> {
  for (;;) {
    const { rows } = await db.raw<{ rows: { runId: string }[] }>(
      `WITH RECURSIVE tree AS (
         SELECT workflow_uuid AS id, status FROM dbos.workflow_status WHERE workflow_uuid = :runId
          UNION
         SELECT w.workflow_uuid, w.status FROM dbos.workflow_status w JOIN tree ON w.parent_workflow_id = tree.id)
       SELECT id AS "runId" FROM tree WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED')`,
      { runId },
    );
    if (rows.length === 0) return;
    for (const unfinished of rows) await cancelRun(unfinished.runId, false);
  }
}
