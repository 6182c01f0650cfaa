// Setting budgets: by people who may, each for their own tenant, or for all where there are no tenants.

import type { Knex } from 'knex';
import { type ApprovalRule, hasRole, resolveRule } from '../core/approval.ts';
import type { BUDGET_SCOPES, BUDGET_WINDOWS, BudgetPolicy } from '../core/budget.ts';
import { Forbidden, InvalidInput, NotFound } from '../core/errors.ts';
import { assertName, type Person } from '../core/person.ts';
import { deleteBudget, setBudget } from '../store/budgets.ts';

/** What people with it may set and remove. */
const BUDGET_ADMIN = 'budget-admin';

/** A budget as people say it. */
export interface BudgetSettings {
  scope: (typeof BUDGET_SCOPES)[number];
  /** Only calls of runs of this workflow or agent count. */
  workflow?: string | undefined;
  /** `run` for each run, and only then. */
  window: (typeof BUDGET_WINDOWS)[number];
  /** US dollars; as text where a number would not be exact. */
  limitUsd?: number | string | undefined;
  /** Of input and output together. */
  limitTokens?: number | undefined;
  policy: BudgetPolicy;
  /** The class that calls go on in, with `degrade`. */
  degradeTo?: string | undefined;
  /** Who is asked, with `ask`: anybody of the tenant when left out. */
  approval?: Pick<ApprovalRule, 'role' | 'quorum' | 'expires'> | undefined;
  /** Whether endpoints without a price may be called. */
  allowUnpriced?: boolean | undefined;
}

/** Sets a budget in place of the one of its name. @throws InvalidInput `invalid_budget`; Forbidden `budget_admin_required` */
export async function saveBudget(db: Knex, person: Person, name: string, settings: BudgetSettings): Promise<void> {
  assertAdmin(person);
  assertName('invalid_budget', 'name of a budget', name);
  assertFits(name, settings);
  const { scope, workflow, window, limitUsd, limitTokens, policy, degradeTo, approval, allowUnpriced } = settings;
  await setBudget(db, {
    name,
    scope,
    window,
    policy,
    tenant: person.tenant ?? '',
    setBy: person.name,
    workflow: workflow ?? null,
    limitUsd: limitUsd === undefined ? null : plainDecimal(limitUsd),
    limitTokens: limitTokens ?? null,
    degradeTo: degradeTo ?? null,
    approval: approval ?? null,
    allowsUnpriced: allowUnpriced ?? false,
  });
}

/** Removes a budget. @throws NotFound `budget_not_found`; Forbidden `budget_admin_required` */
export async function removeBudget(db: Knex, person: Person, name: string): Promise<void> {
  assertAdmin(person);
  if (await deleteBudget(db, person.tenant ?? '', name)) return;
  throw new NotFound('budget_not_found', `There is no budget '${name}' that could be removed.`);
}

function assertAdmin(person: Person): void {
  if (hasRole(person, BUDGET_ADMIN)) return;
  throw new Forbidden(
    'budget_admin_required',
    `Budgets are set and removed by people with the role '${BUDGET_ADMIN}' only.`,
  );
}

/** What its parts cannot show one by one. */
function assertFits(name: string, settings: BudgetSettings): void {
  const { scope, workflow, window, limitUsd, limitTokens, policy, degradeTo, approval } = settings;
  const problems = [
    !isName(workflow) && 'workflow has to be the name of a workflow or an agent',
    !isName(degradeTo) && 'degradeTo has to be the name of a class',
    limitUsd === undefined && limitTokens === undefined && 'it limits neither limitUsd nor limitTokens',
    (scope === 'run') !== (window === 'run') && "a budget of the scope 'run' has the window 'run', and no other has",
    policy === 'degrade' && degradeTo === undefined && 'degradeTo has to name a class',
    policy !== 'degrade' && degradeTo !== undefined && "degradeTo needs the policy 'degrade'",
    policy !== 'ask' && approval !== undefined && "approval needs the policy 'ask'",
  ].filter((problem) => problem !== false);
  if (problems.length > 0)
    throw new InvalidInput('invalid_budget', `The budget '${name}' cannot be set: ${problems.join('; ')}.`);
  if (approval) resolveRule(approval);
}

/** Whether there may be something of this name; where none is given, nothing is said about it. */
function isName(name: string | undefined): boolean {
  return name === undefined || (name !== '' && !name.includes('\0') && name.isWellFormed());
}

/** Postgres reads numbers in either form, and shows them in this one. */
function plainDecimal(value: number | string): string {
  return typeof value === 'string' ? value : String(value);
}
