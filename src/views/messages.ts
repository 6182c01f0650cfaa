// Reads messages that were left for runs.

import type { Knex } from 'knex';
import { SuperJSON } from 'superjson';

/** Returns the message that was left for the run under `key`, read by the run or not; undefined when there is none. */
export async function findMessage(db: Knex, runId: string, key: string): Promise<{ body: unknown } | undefined> {
  const { rows } = await db.raw<{ rows: { message: string }[] }>(
    // The engine's key: it keeps those of different runs apart.
    `SELECT message FROM dbos.notifications WHERE message_uuid = :key::text || '::' || :runId::text`,
    { key, runId },
  );
  return rows[0] && SuperJSON.parse<{ body: unknown }>(rows[0].message);
}
