// Reads budgets and what is spent of them from the view `holdfast.budgets`, as one tenant, or as everybody where there are no tenants.

import type { Knex } from 'knex';
import { NotFound } from '../core/errors.ts';

/** What is spent of a budget by one of those whom it is for. Dollars are decimal numbers. */
export interface BudgetSpending {
  subject: string;
  period: string;
  /** With what was approved. */
  limitUsd: string | null;
  limitTokens: number | null;
  spentUsd: string;
  spentTokens: number;
  /** What calls that are under way may use at most. */
  reservedUsd: string;
  reservedTokens: number;
  raises: number;
  alertedAt: string | null;
}

/** A budget with what is spent of it in the present period. Times are ISO 8601 with milliseconds, UTC. */
export interface BudgetView {
  name: string;
  /** Null for a budget of all tenants. */
  tenant: string | null;
  scope: string;
  workflow: string | null;
  window: string;
  limitUsd: string | null;
  limitTokens: number | null;
  policy: string;
  degradeTo: string | null;
  approval: unknown;
  allowUnpriced: boolean;
  setBy: string | null;
  setAt: string;
  /** Those who have spent most. */
  spending: BudgetSpending[];
}

type Row = Omit<BudgetView, 'setAt' | 'spending'> & {
  setAt: Date;
  spending: (Omit<BudgetSpending, 'alertedAt'> & { alertedAt: string | null })[] | null;
};

const MOST_SUBJECTS = 20;

/** Of a budget of all tenants a tenant sees what is spent by itself only. */
const BUDGETS = `
  SELECT b.name, NULLIF(b.tenant, '') AS tenant, b.scope, b.workflow, b.time_window AS "window", b.limit_usd::text AS "limitUsd",
         b.limit_tokens::float8 AS "limitTokens", b.policy, b.degrade_to AS "degradeTo", b.approval,
         b.allows_unpriced AS "allowUnpriced", b.set_by AS "setBy", b.set_at AS "setAt", spent.spending
    FROM holdfast.budget_rules b
   CROSS JOIN LATERAL (
     SELECT jsonb_agg(s.row ORDER BY s.usd DESC, s.tokens DESC) AS spending
       FROM (
         SELECT v.spent_usd AS usd, v.spent_tokens AS tokens, jsonb_build_object(
                  'subject', v.subject, 'period', v.period,
                  'limitUsd', v.present_limit_usd::text, 'limitTokens', v.present_limit_tokens,
                  'spentUsd', v.spent_usd::text, 'spentTokens', v.spent_tokens,
                  'reservedUsd', v.reserved_usd::text, 'reservedTokens', v.reserved_tokens,
                  'raises', v.raises, 'alertedAt', v.alerted_at) AS row
           FROM holdfast.budgets v
          WHERE v.name = b.name AND v.tenant IS NOT DISTINCT FROM NULLIF(b.tenant, '') AND v.subject IS NOT NULL
            AND v.period = CASE b.time_window
                  WHEN 'day' THEN to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')
                  WHEN 'month' THEN to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')
                  ELSE '' END
            AND (:tenant::text IS NULL OR b.tenant = :tenant OR v.subject = :tenant)
          ORDER BY v.spent_usd DESC, v.spent_tokens DESC
          LIMIT :most) AS s) AS spent
   WHERE (:tenant::text IS NULL OR b.tenant = :tenant OR b.tenant = '' AND b.scope = 'tenant')
     AND (:name::text IS NULL OR b.name = :name AND b.tenant = COALESCE(:tenant, ''))
   ORDER BY b.tenant, b.name`;

/** Returns the budgets that are for `tenant`, or all of them. */
export async function listBudgets(db: Knex, tenant: string | undefined): Promise<BudgetView[]> {
  return read(db, tenant, null);
}

/** Returns the budget of this name. @throws NotFound `budget_not_found` */
export async function getBudget(db: Knex, tenant: string | undefined, name: string): Promise<BudgetView> {
  const [budget] = await read(db, tenant, name);
  if (!budget) throw new NotFound('budget_not_found', `There is no budget '${name}'.`);
  return budget;
}

async function read(db: Knex, tenant: string | undefined, name: string | null): Promise<BudgetView[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(BUDGETS, { tenant: tenant ?? null, name, most: MOST_SUBJECTS });
  return rows.map(({ setAt, spending, ...row }) => ({
    ...row,
    setAt: setAt.toISOString(),
    spending: (spending ?? []).map((one) => ({
      ...one,
      alertedAt: one.alertedAt === null ? null : new Date(one.alertedAt).toISOString(),
    })),
  }));
}
