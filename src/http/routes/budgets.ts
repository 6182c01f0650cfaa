// Budgets, and what was used: reading, setting and removing, each tenant its own.

import type { Knex } from 'knex';
import type { z } from 'zod';
import { removeBudget, saveBudget } from '../../admission/budgets.ts';
import { getBudget, listBudgets } from '../../views/budgets.ts';
import { sumUsage } from '../../views/usage.ts';
import {
  BudgetListSchema,
  BudgetParams,
  BudgetSchema,
  BudgetSettingsSchema,
  UsageListSchema,
  UsageQuery,
} from '../budgets-contract.ts';
import { ProblemSchema } from '../contract.ts';
import type { Route } from '../route.ts';

const DEFAULT_SUMS = 100;

const refusals = {
  403: { description: 'The caller does not have the role `budget-admin`', schema: ProblemSchema },
  404: { description: 'No such budget', schema: ProblemSchema },
};

/** Returns the routes. `reads` is what lists are read from, `db` what is written to. */
export function budgetRoutes(reads: Knex, db: Knex): Route[] {
  return [listRoute(reads), getRoute(reads), putRoute(db), deleteRoute(db), usageRoute(reads)];
}

function listRoute(db: Knex): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/budgets',
      summary: 'List budgets, with what is spent of them',
      tag: 'Budgets',
      answers: { 200: { description: 'The budgets', schema: BudgetListSchema } },
    },
    handle: async ({ tenant }) => ({ status: 200, body: { items: await listBudgets(db, tenant) } }),
  };
}

function getRoute(db: Knex): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/budgets/{name}',
      summary: 'Read a budget',
      tag: 'Budgets',
      params: BudgetParams,
      answers: { 200: { description: 'The budget', schema: BudgetSchema }, 404: refusals[404] },
    },
    handle: async ({ params, tenant }) => ({ status: 200, body: await getBudget(db, tenant, params.name!) }),
  };
}

function putRoute(db: Knex): Route {
  return {
    spec: {
      method: 'put',
      path: '/v1/budgets/{name}',
      summary: 'Set a budget',
      description:
        'Takes the role `budget-admin`. It holds from the next call of a model on. What was spent before counts on, unless scope, workflow or ' +
        'window are others now.',
      tag: 'Budgets',
      params: BudgetParams,
      body: BudgetSettingsSchema,
      bodyRequired: true,
      answers: { 200: { description: 'The budget as it is now', schema: BudgetSchema }, 403: refusals[403] },
    },
    handle: async ({ params, body, tenant, person }) => {
      const name = params.name!;
      await saveBudget(db, person!, name, body as z.output<typeof BudgetSettingsSchema>);
      return { status: 200, body: await getBudget(db, tenant, name) };
    },
  };
}

function deleteRoute(db: Knex): Route {
  return {
    spec: {
      method: 'delete',
      path: '/v1/budgets/{name}',
      summary: 'Remove a budget, with what was counted for it',
      description: 'Takes the role `budget-admin`.',
      tag: 'Budgets',
      params: BudgetParams,
      answers: { 204: { description: 'It is removed' }, ...refusals },
    },
    handle: async ({ params, person }) => {
      await removeBudget(db, person!, params.name!);
      return { status: 204 };
    },
  };
}

function usageRoute(db: Knex): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/usage',
      summary: 'Sum up what calls of models have used and cost',
      description: 'Calls are counted about a second after they have ended, on the day on which they began.',
      tag: 'Budgets',
      query: UsageQuery,
      answers: { 200: { description: 'The sums, in the order of what they are by', schema: UsageListSchema } },
    },
    handle: async ({ query, tenant }) => {
      const { by = [], since, until, limit = DEFAULT_SUMS } = query as z.output<typeof UsageQuery>;
      return { status: 200, body: { items: await sumUsage(db, { tenant, since, until }, by, limit) } };
    },
  };
}
