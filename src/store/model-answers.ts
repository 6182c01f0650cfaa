// The table of answers of models that are given again. Losing a row of it costs a call, and nothing else.

import type { Knex } from 'knex';
import type { NewModelCall } from './model-calls.ts';

/** An answer that is kept. */
export interface KeptAnswer {
  /** What was said, in the form of the AI SDK. */
  content: unknown[];
  finishReason: { unified: string; raw: string | undefined };
  providerMetadata?: Record<string, Record<string, unknown>> | undefined;
  /** Who said it, and what that took. */
  endpoint: string;
  model: string;
  modelId: string | undefined;
  usage: { inputTokens: number; outputTokens: number };
}

/** Who asks, to be entered among the calls of models. */
export type AskingAgain = Pick<
  NewModelCall,
  'id' | 'runId' | 'stepId' | 'step' | 'attempt' | 'tenant' | 'executorId' | 'class'
> & { fingerprint: string | null };

/** Where an answer is kept. The key has everything in it that was asked, and the tenant once more. */
interface Place {
  tenant: string;
  key: string;
}

/** Returns the answer that is kept there, and enters the call that it answers: it has used nothing. Undefined where there is none. */
export async function findAnswer(
  db: Knex,
  place: Place,
  asking: AskingAgain,
): Promise<{ answer: KeptAnswer; madeAt: Date } | undefined> {
  const { rows } = await db.raw<{ rows: { answer: KeptAnswer; madeAt: Date }[] }>(
    `WITH found AS MATERIALIZED (
       SELECT answer, made_at FROM holdfast.model_answers
        WHERE tenant = :tenant AND key = :key AND expires_at > now()),
     entered AS (
       INSERT INTO holdfast.model_calls
              (id, run_id, step_id, step, attempt, tenant, workflow, executor_id, class, endpoint, model, choice, fingerprint, state,
               estimated_input, estimated_output, estimated_usd, input_tokens, cached_input_tokens, cache_write_tokens,
               output_tokens, reasoning_tokens, cost_usd, ended_at)
       SELECT :id, w.workflow_uuid, :stepId, :step, :attempt, :tenant, COALESCE(w.name, ''), :executorId, :class,
              answer ->> 'endpoint', answer ->> 'model', jsonb_build_object('cache', 'hit', 'madeAt', made_at),
              :fingerprint::jsonb, 'settled', 0, 0, 0, 0, 0, 0, 0, 0, 0, now()
         FROM found LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = :runId)
     SELECT answer, made_at AS "madeAt" FROM found`,
    { ...place, ...asking, runId: asking.runId ?? null, stepId: asking.stepId ?? null },
  );
  return rows[0];
}

/** Keeps an answer for `ttlMs` milliseconds, in place of an older one. */
export async function saveAnswer(db: Knex, { tenant, key }: Place, answer: string, ttlMs: number): Promise<void> {
  await db.raw(
    `INSERT INTO holdfast.model_answers (tenant, key, answer, expires_at)
     VALUES (:tenant, :key, :answer::jsonb, now() + :ttlMs * interval '1 millisecond')
     ON CONFLICT (tenant, key) DO UPDATE
        SET answer = excluded.answer, made_at = now(), expires_at = excluded.expires_at`,
    { tenant, key, answer, ttlMs },
  );
}

const BATCH = 5000;

/** Removes what is too old, and the oldest of what is more than `most`. Other processes may be at it, too. */
export async function sweepAnswers(db: Knex, most: number): Promise<void> {
  for (;;) {
    const { rowCount } = await db.raw<{ rowCount: number }>(
      `WITH needless AS MATERIALIZED (
         (SELECT tenant, key FROM holdfast.model_answers WHERE expires_at <= now() ORDER BY expires_at LIMIT :batch)
         UNION ALL
         (SELECT tenant, key FROM holdfast.model_answers WHERE expires_at > now()
           ORDER BY made_at DESC OFFSET :most LIMIT :batch)),
       locked AS MATERIALIZED (
         SELECT tenant, key FROM holdfast.model_answers
          WHERE (tenant, key) IN (SELECT tenant, key FROM needless) FOR UPDATE SKIP LOCKED)
       DELETE FROM holdfast.model_answers WHERE (tenant, key) IN (SELECT tenant, key FROM locked)`,
      { most, batch: BATCH },
    );
    if (rowCount < BATCH) return;
  }
}
