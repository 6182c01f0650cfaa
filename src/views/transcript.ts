// Reads the conversation of an agent's run from the view `holdfast.transcript`.

import type { Knex } from 'knex';

/** A message of a conversation. Times are ISO 8601 with milliseconds, UTC. */
export interface TranscriptMessage {
  /** The step of the model call that it belongs to. */
  stepId: number;
  /** Its place among the messages of that turn, from 1. */
  position: number;
  role: 'user' | 'assistant' | 'tool' | 'system';
  /** A text, or parts in the form of the AI SDK. */
  content: unknown;
  at: string | null;
  /** These three of the model's answers only. */
  model: string | null;
  finishReason: string | null;
  usage: { inputTokens: number; outputTokens: number; cachedInputTokens: number } | null;
}

interface MessageRow extends Omit<TranscriptMessage, 'at'> {
  at: Date | null;
}

/** Returns the messages of up to `turns` turns of the run, from step number `from` on, and the step number of the turn after them. */
export async function readTranscript(
  db: Knex,
  runId: string,
  from: number,
  turns: number,
): Promise<{ items: TranscriptMessage[]; next: number | null }> {
  const next = await turnAfter(db, runId, from, turns);
  const { rows } = await db.raw<{ rows: MessageRow[] }>(
    `SELECT step_id AS "stepId", position, role, content, at, model, finish_reason AS "finishReason", usage
       FROM holdfast.transcript
      WHERE run_id = :runId AND step_id >= :from AND (:next::integer IS NULL OR step_id < :next::integer)
      ORDER BY step_id, position`,
    { runId, from, next },
  );
  return { items: rows.map((row) => ({ ...row, at: row.at?.toISOString() ?? null })), next };
}

/** A turn is a step called `model`; of one that is another step by that name the transcript has no messages. */
async function turnAfter(db: Knex, runId: string, from: number, turns: number): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { stepId: number }[] }>(
    `SELECT step_id AS "stepId" FROM holdfast.steps
      WHERE run_id = :runId AND step_id >= :from AND name = 'model' AND status = 'succeeded'
      ORDER BY step_id OFFSET :turns LIMIT 1`,
    { runId, from, turns },
  );
  return rows[0]?.stepId ?? null;
}
