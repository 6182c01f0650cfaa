// Reads what calls of models have used from the view `holdfast.usage`, summed up as one likes.

import type { Knex } from 'knex';

/** By what it can be summed up. */
export const USAGE_KEYS = ['day', 'tenant', 'workflow', 'class', 'endpoint', 'model'] as const;

export type UsageKey = (typeof USAGE_KEYS)[number];

/** A sum, with those keys that it was asked by. Dollars are a decimal number. */
export type UsageSum = Partial<Record<UsageKey, string>> & {
  calls: number;
  failedCalls: number;
  lostCalls: number;
  /** Of which the numbers of tokens are estimates. */
  estimatedCalls: number;
  /** Which cost something that nobody knows. */
  unpricedCalls: number;
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costUsd: string;
};

/** What is summed up. */
export interface UsageFilter {
  /** Whose; undefined for everybody's. */
  tenant: string | undefined;
  /** Days as 2026-11-21, in UTC: from this one on, and before that one. */
  since?: string | undefined;
  until?: string | undefined;
}

const USAGE = `
  SELECT CASE WHEN 'day' = ANY(:by) THEN day::text END AS day,
         CASE WHEN 'tenant' = ANY(:by) THEN tenant END AS tenant,
         CASE WHEN 'workflow' = ANY(:by) THEN workflow END AS workflow,
         CASE WHEN 'class' = ANY(:by) THEN class END AS class,
         CASE WHEN 'endpoint' = ANY(:by) THEN endpoint END AS endpoint,
         CASE WHEN 'model' = ANY(:by) THEN model END AS model,
         sum(calls)::float8 AS calls, sum(failed_calls)::float8 AS "failedCalls", sum(lost_calls)::float8 AS "lostCalls",
         sum(estimated_calls)::float8 AS "estimatedCalls", sum(unpriced_calls)::float8 AS "unpricedCalls",
         sum(input_tokens)::float8 AS "inputTokens", sum(cached_input_tokens)::float8 AS "cachedInputTokens",
         sum(cache_write_tokens)::float8 AS "cacheWriteTokens", sum(output_tokens)::float8 AS "outputTokens",
         sum(reasoning_tokens)::float8 AS "reasoningTokens", trim_scale(sum(cost_usd))::text AS "costUsd"
    FROM holdfast.usage
   WHERE (:tenant::text IS NULL OR tenant = :tenant)
     AND (:since::date IS NULL OR day >= :since::date)
     AND (:until::date IS NULL OR day < :until::date)
   GROUP BY 1, 2, 3, 4, 5, 6
   ORDER BY 1, 2, 3, 4, 5, 6
   LIMIT :limit`;

/** Returns at most `limit` sums by the keys `by`, in their order; without keys one sum, or none where nothing was used. */
export async function sumUsage(
  db: Knex,
  { tenant, since, until }: UsageFilter,
  by: readonly UsageKey[],
  limit: number,
): Promise<UsageSum[]> {
  const { rows } = await db.raw<{ rows: (UsageSum & Record<UsageKey, string | null>)[] }>(USAGE, {
    tenant: tenant ?? null,
    since: since ?? null,
    until: until ?? null,
    by: [...by],
    limit,
  });
  return rows.map(({ day, tenant: owner, workflow, class: className, endpoint, model, ...sums }) => {
    const keys = { day, tenant: owner, workflow, class: className, endpoint, model };
    return { ...Object.fromEntries(by.map((key) => [key, keys[key]])), ...sums };
  });
}

/** What the calls of models of a run, or of one of its steps, have used. Dollars are a decimal number. */
export interface CallsUsage {
  calls: number;
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  /** Null where a call used something at an endpoint without a price. */
  costUsd: string | null;
  /** Whether some of the numbers are estimates. */
  isEstimated: boolean;
}

/** `CallsUsage` of the rows `c` of `holdfast.model_calls`, null without any. Calls that are under way are counted, and have used nothing yet. */
export const CALLS_USAGE = `
  CASE WHEN count(*) > 0 THEN jsonb_build_object(
    'calls', count(*), 'inputTokens', COALESCE(sum(c.input_tokens), 0), 'cachedInputTokens', COALESCE(sum(c.cached_input_tokens), 0),
    'outputTokens', COALESCE(sum(c.output_tokens), 0),
    'costUsd', CASE WHEN bool_and(c.input_tokens IS NULL OR c.cost_usd IS NOT NULL)
                    THEN trim_scale(COALESCE(sum(c.cost_usd), 0))::text END,
    'isEstimated', bool_or(c.is_estimated)) END`;
