// The table of model calls: a row is there before its call is made, and is settled in the commit of the checkpoint of its step.

import type { CallUsage } from '../core/token-usage.ts';

/** What a call has used. */
export interface Settlement {
  /** Of the call. */
  id: string;
  state: 'settled' | 'failed';
  /** Undefined for a call of which nothing is known to have been used. */
  usage: CallUsage | undefined;
  /** US dollars as a decimal number; null where the endpoint has no price. */
  costUsd: string | null;
  priceVersion: string | null;
  /** Of a failed call. */
  errorCode: string | null;
}

/** The columns in which `settling` expects the settlements. */
const COLUMNS = `id uuid, state text, "inputTokens" int, "cachedInputTokens" int, "cacheWriteTokens" int, "outputTokens" int,
                 "reasoningTokens" int, "isEstimated" boolean, "costUsd" numeric, "priceVersion" text, "errorCode" text`;

/**
 * Returns a statement that settles calls, to stand alone or in a `WITH`; `settlements` is an expression of SQL for the json array that
 * `settlementsJson` returns. Whoever has the run by now, the call was made; one that was settled before stays as it is.
 */
export function settling(settlements: string): string {
  return `
  UPDATE holdfast.model_calls c
     SET state = s.state, input_tokens = s."inputTokens", cached_input_tokens = s."cachedInputTokens",
         cache_write_tokens = s."cacheWriteTokens", output_tokens = s."outputTokens", reasoning_tokens = s."reasoningTokens",
         is_estimated = COALESCE(s."isEstimated", FALSE), cost_usd = s."costUsd", price_version = s."priceVersion",
         error_code = s."errorCode", ended_at = now()
    FROM json_to_recordset(${settlements}) AS s(${COLUMNS})
   WHERE c.id = s.id AND c.state = 'reserved'`;
}

/** Returns settlements as `settling` expects them. */
export function settlementsJson(settlements: readonly Settlement[]): object[] {
  return settlements.map(({ usage, ...settlement }) => ({ ...settlement, ...usage }));
}
