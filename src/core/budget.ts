// Budgets: what they limit, and what follows for a call that one of them does not allow.

import type { ApprovalRule } from './approval.ts';

/** By what a budget is spent: by each run with those that it started, by each workflow, by each tenant, or by all together. */
export const BUDGET_SCOPES = ['run', 'workflow', 'tenant', 'all'] as const;

/** How long a budget lasts before it begins anew: days and months are those of UTC. */
export const BUDGET_WINDOWS = ['run', 'day', 'month', 'total'] as const;

/** What follows when a budget is crossed. */
export const BUDGET_POLICIES = ['stop', 'degrade', 'ask', 'alert'] as const;

export type BudgetPolicy = (typeof BUDGET_POLICIES)[number];

/** What is known of a budget at the moment in which a call counts for it. Dollars are decimal numbers. */
export interface BudgetState {
  counter: string;
  budget: string;
  /** Empty for a budget of all tenants. */
  tenant: string;
  scope: (typeof BUDGET_SCOPES)[number];
  /** The run, the workflow or the tenant. */
  subject: string;
  window: (typeof BUDGET_WINDOWS)[number];
  period: string;
  policy: BudgetPolicy;
  degradeTo: string | null;
  approval: Pick<ApprovalRule, 'role' | 'quorum' | 'expires'> | null;
  /** `reserved`: it would do, if calls that are under way did not use what they may use. */
  reason: 'price_unknown' | 'exceeded' | 'reserved';
  limitUsd: string | null;
  spentUsd: string;
  reservedUsd: string;
  limitTokens: number | null;
  spentTokens: number;
  reservedTokens: number;
  /** By what the limit is raised when people approve it, and how often they did. */
  raiseUsd: string | null;
  raiseTokens: number | null;
  raises: number;
}

/** What is done about a call. */
export type BudgetDecision = { act: 'wait' | 'unpriced' | 'stop' | 'ask' | 'degrade'; state: BudgetState };

/** Returns what is done about a call that budgets do not allow: the strictest of what they say. `blocks` is not empty. */
export function decideOnBudgets(blocks: readonly BudgetState[]): BudgetDecision {
  const find = (act: BudgetDecision['act'], test: (state: BudgetState) => boolean): BudgetDecision | undefined => {
    const state = blocks.find(test);
    return state && { act, state };
  };
  const exceeded = (policy: BudgetPolicy) => (state: BudgetState) =>
    state.reason === 'exceeded' && state.policy === policy;
  return (
    find('unpriced', ({ reason }) => reason === 'price_unknown') ??
    find('stop', exceeded('stop')) ??
    find('ask', exceeded('ask')) ??
    find('degrade', exceeded('degrade')) ?? { act: 'wait', state: blocks[0]! }
  );
}

/** Returns what a budget limits and how much of it is spent, for people. */
export function budgetLine({
  budget,
  limitUsd,
  spentUsd,
  limitTokens,
  spentTokens,
  scope,
  subject,
  period,
}: BudgetState): string {
  const parts = [
    ...(limitUsd === null ? [] : [`${spentUsd} of ${limitUsd} USD`]),
    ...(limitTokens === null ? [] : [`${spentTokens} of ${limitTokens} tokens`]),
  ];
  const of = [scope === 'all' ? '' : `${scope} ${subject}`, period].filter((text) => text !== '').join(', ');
  return `the budget '${budget}'${of === '' ? '' : ` (${of})`}, of which ${parts.join(' and ')} ${parts.length === 1 ? 'is' : 'are'} spent`;
}
