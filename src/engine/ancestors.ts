// The runs above a run: who started it, who started that one, and so on up.

import type { Knex } from 'knex';

/** Returns the workflows of the runs above `runId`, the nearest first. What a run was started by never changes. */
export async function workflowsAbove(db: Knex, runId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    `WITH RECURSIVE above AS (
       SELECT parent_workflow_id AS id, 1 AS distance FROM dbos.workflow_status WHERE workflow_uuid = :runId
       UNION ALL
       SELECT w.parent_workflow_id, above.distance + 1
         FROM above JOIN dbos.workflow_status w ON w.workflow_uuid = above.id
     )
     SELECT w.name FROM above JOIN dbos.workflow_status w ON w.workflow_uuid = above.id ORDER BY above.distance`,
    { runId },
  );
  return rows.map(({ name }) => name);
}
