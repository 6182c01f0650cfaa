// Messages for a run that are looked at and left where they are: whoever looks records which ones it has seen.

import type { Knex } from 'knex';
import { SuperJSON } from 'superjson';

/** A message as it was left for a run. */
export interface LeftMessage {
  id: string;
  body: unknown;
}

/** How many messages are read at a time; the others follow. */
const AT_A_TIME = 100;

/**
 * Returns the messages on `topic` that were left for the run, the oldest first, apart from those that the run waited for and took, and
 * those whose ids are in `seen`. Nothing is recorded and nothing is taken away: call it in a step, and let the step's result tell.
 */
export async function messagesLeft(
  db: Knex,
  runId: string,
  topic: string,
  seen: readonly string[],
): Promise<LeftMessage[]> {
  const { rows } = await db.raw<{ rows: { id: string; message: string }[] }>(
    `SELECT message_uuid AS id, message FROM dbos.notifications
      WHERE destination_uuid = :runId AND topic = :topic AND NOT consumed AND NOT message_uuid = ANY(:seen::text[])
      ORDER BY created_at_epoch_ms, message_uuid LIMIT :limit`,
    { runId, topic, seen: [...seen], limit: AT_A_TIME },
  );
  return rows.map(({ id, message }) => ({ id, body: SuperJSON.parse<{ body: unknown }>(message).body }));
}
