// The tables of budgets: what was set, and the counters of what is spent. Counters are raised and lowered where calls are entered.

import type { Knex } from 'knex';
import type { BUDGET_SCOPES, BUDGET_WINDOWS, BudgetPolicy, BudgetState } from '../core/budget.ts';

/** A budget as it is set. Dollars are decimal numbers. */
export interface BudgetRule {
  name: string;
  /** Whose calls it is for; empty for those of all tenants. */
  tenant: string;
  scope: (typeof BUDGET_SCOPES)[number];
  /** Only calls of runs of this workflow count. */
  workflow: string | null;
  window: (typeof BUDGET_WINDOWS)[number];
  limitUsd: string | null;
  limitTokens: number | null;
  policy: BudgetPolicy;
  /** Only with `degrade`. */
  degradeTo: string | null;
  /** Only with `ask`. */
  approval: BudgetState['approval'];
  allowsUnpriced: boolean;
  setBy: string;
}

/**
 * Sets a budget in place of the one of its name. What was spent before counts on, unless it is spent by others now, or in another window:
 * then it begins with what is known of the present period.
 */
export async function setBudget(db: Knex, rule: BudgetRule): Promise<void> {
  const { approval, ...columns } = rule;
  await db.transaction(async (trx) => {
    await lockCounters(trx, rule);
    await trx.raw(
      `DELETE FROM holdfast.budget_counters k USING holdfast.budget_rules b
        WHERE b.id = k.budget_id AND b.tenant = :tenant AND b.name = :name
          AND (b.scope, b.time_window, b.workflow) IS DISTINCT FROM (:scope::text, :window::text, :workflow::text)`,
      columns,
    );
    await trx.raw(
      `INSERT INTO holdfast.budget_rules AS b
              (tenant, name, scope, workflow, time_window, limit_usd, limit_tokens, policy, degrade_to, approval, allows_unpriced, set_by)
       VALUES (:tenant, :name, :scope, :workflow, :window, :limitUsd::numeric, :limitTokens::bigint, :policy, :degradeTo,
               :approval::jsonb, :allowsUnpriced, :setBy)
       ON CONFLICT (tenant, name) DO UPDATE
         SET scope = excluded.scope, workflow = excluded.workflow, time_window = excluded.time_window, limit_usd = excluded.limit_usd,
             limit_tokens = excluded.limit_tokens, policy = excluded.policy, degrade_to = excluded.degrade_to,
             approval = excluded.approval, allows_unpriced = excluded.allows_unpriced, set_by = excluded.set_by, set_at = now()`,
      { ...columns, approval: approval && JSON.stringify(approval) },
    );
  });
}

/** Removes a budget with its counters. Returns whether there was one. */
export async function deleteBudget(db: Knex, tenant: string, name: string): Promise<boolean> {
  return db.transaction(async (trx) => {
    await lockCounters(trx, { tenant, name });
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      'DELETE FROM holdfast.budget_rules WHERE tenant = :tenant AND name = :name',
      { tenant, name },
    );
    return rowCount > 0;
  });
}

/** In the order in which calls lock them. */
async function lockCounters(trx: Knex, { tenant, name }: Pick<BudgetRule, 'tenant' | 'name'>): Promise<void> {
  await trx.raw(
    `SELECT FROM holdfast.budget_counters k
      WHERE k.budget_id = (SELECT b.id FROM holdfast.budget_rules b WHERE b.tenant = :tenant AND b.name = :name)
      ORDER BY k.id FOR UPDATE`,
    { tenant, name },
  );
}

/** Raises the limit of one counter by one more limit, unless that has happened since it was raised `raises` times. */
export async function raiseBudget(trx: Knex, counter: string, raises: number): Promise<void> {
  await trx.raw(
    'UPDATE holdfast.budget_counters SET raises = raises + 1 WHERE id = :counter::bigint AND raises = :raises::int',
    { counter, raises },
  );
}
