// The table of model calls: a row is there before its call is made, and is settled in the commit of the checkpoint of its step.

import type { Knex } from 'knex';
import type { BudgetState } from '../core/budget.ts';
import type { CallUsage, TokenEstimate } from '../core/token-usage.ts';
import { storable, storableJson } from '../lib/storable.ts';

/** A call that is about to be made. */
export interface NewModelCall {
  /** A UUID. */
  id: string;
  runId: string | undefined;
  stepId: number | undefined;
  step: string;
  attempt: number;
  tenant: string;
  executorId: string;
  class: string;
  endpoint: string;
  model: string;
  choice: Record<string, unknown>;
  fingerprint: object | undefined;
  /** What is reserved for it. */
  estimate: TokenEstimate;
  /** US dollars as a decimal number; null where the endpoint has no price. */
  estimatedUsd: string | null;
  priceVersion: string | null;
}

/** What became of a call that was to be entered. */
export interface Entry {
  /** The budgets that do not allow it; null for a call that was entered. */
  blocks: BudgetState[] | null;
  /** Whether a budget counts on its output to be no longer than estimated. */
  isLimited: boolean;
  /** Of the database server: in another one the call may not be entered any more. */
  life: string;
}

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

/** Returns settlements as `settling` expects them: in the order of their calls, so that who settles the same ones locks them in one order. */
export function settlementsJson(settlements: readonly Settlement[]): object[] {
  return settlements
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ usage, priceVersion, errorCode, ...settlement }) => ({
      ...settlement,
      ...usage,
      priceVersion: priceVersion && held(priceVersion),
      errorCode: errorCode && held(errorCode),
    }));
}

/**
 * Enters calls that are about to be made, and reserves what they may use in all budgets that they count for. Returns what became of each
 * of them, in their order. A call that is entered already stays as it is. Nobody waits until the entries are on the disk: a crash of the
 * server may take them. With `must` no budget is asked, because the calls are made already.
 */
export async function reserveCalls(
  db: Knex,
  calls: readonly NewModelCall[],
  { must = false }: { must?: boolean } = {},
): Promise<Entry[]> {
  const reserve = db.raw<{ rows: (Entry & { id: string })[] }>(
    `SELECT call_id AS id, blocks, is_limited AS "isLimited", holdfast.server_life() AS life
       FROM holdfast.reserve_calls(:calls::json, :must)`,
    { calls: JSON.stringify(calls.map(rowOf)), must },
  );
  const { rows } = await reserve.options({ name: 'holdfast_reserve_calls' });
  const entries = new Map(rows.map(({ id, ...entry }) => [id, entry]));
  return calls.map(({ id }) => entries.get(id)!);
}

/** Returns the life of the database server: after a crash it is another one. */
export async function serverLife(db: Knex): Promise<string> {
  const { rows } = await db.raw<{ rows: [{ life: string }] }>('SELECT holdfast.server_life() AS life');
  return rows[0].life;
}

/** One word that the column cannot hold would keep all calls of a statement from being written. */
function held(words: string): string {
  return storable(words.toWellFormed());
}

function rowOf(call: NewModelCall): object {
  return {
    id: call.id,
    run_id: call.runId,
    step_id: call.stepId,
    step: held(call.step),
    attempt: call.attempt,
    tenant: call.tenant,
    executor_id: call.executorId,
    class: call.class,
    endpoint: call.endpoint,
    model: held(call.model),
    choice: JSON.parse(storableJson(call.choice)) as unknown,
    fingerprint: call.fingerprint,
    estimated_input: call.estimate.inputTokens,
    estimated_output: call.estimate.outputTokens,
    estimated_usd: call.estimatedUsd,
    price_version: call.priceVersion && held(call.priceVersion),
  };
}

/** Settles calls at once. Returns the life of the database server in which they are settled, as far as they were entered in it. */
export async function settleCalls(db: Knex, settlements: readonly Settlement[]): Promise<string> {
  const { rows } = await db.raw<{ rows: [{ life: string }] }>(
    `WITH settled AS (${settling(':settlements::json')}) SELECT holdfast.server_life() AS life`,
    { settlements: JSON.stringify(settlementsJson(settlements)) },
  );
  return rows[0].life;
}

/** Each batch is a statement that holds the locks of counters to its end. */
const MOST_COUNTED = 500;

/**
 * Puts what ended calls have used into the sums, and releases their reservations: each call once, whoever does so at the same time.
 * Returns the budgets that were crossed by that, and that only want people to know.
 */
export async function countEndedCalls(db: Knex): Promise<BudgetState[]> {
  const crossed: BudgetState[] = [];
  for (;;) {
    const { rows } = await db.raw<{ rows: [{ counted: number; alerts: BudgetState[] | null }] }>(
      'SELECT counted, alerts FROM holdfast.count_ended_calls(:most)',
      { most: MOST_COUNTED },
    );
    const [{ counted, alerts }] = rows;
    crossed.push(...(alerts ?? []));
    if (counted < MOST_COUNTED) return crossed;
  }
}

/**
 * Notes as lost the calls whose process holds no lease any more, and those of runs that ended more than a minute ago. They were most
 * likely charged for, and count as estimated. Returns how many.
 */
export async function loseOrphans(db: Knex): Promise<number> {
  const { rows } = await db.raw<{ rows: [{ lost: number }] }>(
    `WITH orphans AS MATERIALIZED (
       SELECT c.id FROM holdfast.model_calls c
        WHERE c.state = 'reserved'
          AND (NOT EXISTS (SELECT FROM holdfast.leases l WHERE l.executor_id = c.executor_id AND l.expires_at > now())
               OR EXISTS (SELECT FROM dbos.workflow_status w
                           WHERE w.workflow_uuid = c.run_id
                             AND w.completed_at < (EXTRACT(EPOCH FROM now()) * 1000)::bigint - 60000)))
     SELECT holdfast.lose_calls(ARRAY(SELECT id FROM orphans)) AS lost`,
  );
  return rows[0].lost;
}

/** Notes as lost the calls of a process that stops and will not hear their answers. */
export async function loseCallsOf(db: Knex, executorId: string): Promise<void> {
  await db.raw(
    `SELECT holdfast.lose_calls(ARRAY(
       SELECT id FROM holdfast.model_calls WHERE executor_id = :executorId AND state = 'reserved'))`,
    { executorId },
  );
}
