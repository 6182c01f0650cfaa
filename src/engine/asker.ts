// Who stands behind a run that asks people for something.

import type { Knex } from 'knex';

/** The run that asks for something, and who wants it. */
export interface Asker {
  workflow: string;
  tenant: string;
  /** Who started the run, or the nearest one above it of which that is known. */
  initiator: string | null;
}

/** Returns what is to be known of a run that asks people for something. */
export async function askerOf(db: Knex, runId: string): Promise<Asker> {
  const { rows } = await db.raw<{ rows: [Asker] }>(
    `WITH RECURSIVE above AS (
       SELECT workflow_uuid, parent_workflow_id, attributes ->> 'initiator' AS initiator, 0 AS height
         FROM dbos.workflow_status WHERE workflow_uuid = :runId
       UNION ALL
       SELECT w.workflow_uuid, w.parent_workflow_id, w.attributes ->> 'initiator', above.height + 1
         FROM dbos.workflow_status w JOIN above ON w.workflow_uuid = above.parent_workflow_id
        WHERE above.initiator IS NULL)
     SELECT name AS workflow, COALESCE(NULLIF(authenticated_user, ''), 'default') AS tenant,
            (SELECT initiator FROM above WHERE initiator IS NOT NULL LIMIT 1) AS initiator
       FROM dbos.workflow_status WHERE workflow_uuid = :runId`,
    { runId },
  );
  return rows[0];
}
