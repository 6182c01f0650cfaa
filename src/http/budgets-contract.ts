// What budgets and usage look like outside: the part of the contract that is theirs.

import { z } from 'zod';
import { BUDGET_POLICIES, BUDGET_SCOPES, BUDGET_WINDOWS } from '../core/budget.ts';
import { NAME } from '../core/person.ts';
import { USAGE_KEYS } from '../views/usage.ts';
import { duration, time, wholeNumber } from './contract.ts';

const dollars = z.string().meta({ description: 'US dollars as a decimal number' });
const MOST_SUMS = 1000;

/** The day that nothing is before, and the one that nothing is after. Postgres knows no year 0. */
const day = z.iso.date().refine((text) => !text.startsWith('0000'), 'is before the year 1');

export const BudgetParams = z.object({ name: z.string().min(1).max(100) });

const ApprovalSchema = z.strictObject({
  role: z.string().regex(NAME).optional().meta({ description: 'Who may decide; anybody of the tenant when left out' }),
  quorum: z.int().min(1).max(100).optional(),
  expires: duration.optional().meta({ description: 'How long it can be decided' }),
});

export const BudgetSettingsSchema = z
  .strictObject({
    scope: z.enum(BUDGET_SCOPES).meta({
      description:
        'By what it is spent: each run (with those that it started), each workflow, each tenant, or all together',
    }),
    workflow: z
      .string()
      .max(200)
      .optional()
      .meta({ description: 'Only calls of runs of this workflow or agent count' }),
    window: z
      .enum(BUDGET_WINDOWS)
      .meta({ description: 'When it begins anew: with each `run`, `day` or `month` (UTC), or never' }),
    limitUsd: z
      .union([z.number().min(0).max(1e12), z.string().regex(/^\d{1,12}(\.\d{1,12})?$/)])
      .optional()
      .meta({ description: 'US dollars: a number, or text for an exact one' }),
    limitTokens: z.int().min(0).optional().meta({ description: 'Tokens of input and output' }),
    policy: z.enum(BUDGET_POLICIES).meta({ description: 'What follows when it is crossed' }),
    degradeTo: z.string().max(64).optional().meta({ description: 'The class that calls go on in, with `degrade`' }),
    approval: ApprovalSchema.optional().meta({ description: 'Who is asked, with `ask`' }),
    allowUnpriced: z.boolean().optional().meta({ description: 'Whether endpoints without a price may be called' }),
  })
  .meta({ id: 'BudgetSettings' });

const SpendingSchema = z
  .object({
    subject: z.string().meta({ description: 'The run, the workflow or the tenant; empty for all together' }),
    period: z.string().meta({ description: '`2026-11-21`, `2026-11`, or empty' }),
    limitUsd: dollars.nullable(),
    limitTokens: z.number().nullable(),
    spentUsd: dollars,
    spentTokens: z.number(),
    reservedUsd: dollars.meta({ description: 'What calls that are under way may cost at most' }),
    reservedTokens: z.number(),
    raises: z.int().meta({ description: 'How often people have approved one more limit' }),
    alertedAt: time.nullable(),
  })
  .meta({ id: 'BudgetSpending' });

export const BudgetSchema = z
  .object({
    name: z.string(),
    tenant: z.string().nullable().meta({ description: 'Whose calls it is for; null for those of all tenants' }),
    scope: z.string(),
    workflow: z.string().nullable(),
    window: z.string(),
    limitUsd: dollars.nullable(),
    limitTokens: z.number().nullable(),
    policy: z.string(),
    degradeTo: z.string().nullable(),
    approval: z.unknown(),
    allowUnpriced: z.boolean(),
    setBy: z.string().nullable(),
    setAt: time,
    spending: z.array(SpendingSchema).meta({ description: 'Of the present period; the 20 who have spent most' }),
  })
  .meta({ id: 'Budget' });

export const BudgetListSchema = z.object({ items: z.array(BudgetSchema) }).meta({ id: 'BudgetList' });

export const UsageQuery = z.strictObject({
  by: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(USAGE_KEYS, `must be some of ${USAGE_KEYS.join(', ')}, with commas between them`)))
    .optional()
    .meta({ description: 'Such as `tenant,model,day`; one sum of all when left out' }),
  since: day.optional().meta({ description: 'From this day on, in UTC' }),
  until: day.optional().meta({ description: 'Before this day' }),
  limit: wholeNumber.pipe(z.number().min(1).max(MOST_SUMS, 'is more than 1000')).optional(),
});

const UsageSchema = z
  .object({
    ...Object.fromEntries(USAGE_KEYS.map((key) => [key, z.string().optional()])),
    calls: z.number(),
    failedCalls: z.number(),
    lostCalls: z.number().meta({ description: 'Whose process died; they count as estimated' }),
    estimatedCalls: z.number().meta({ description: 'Of which the numbers of tokens are estimates' }),
    unpricedCalls: z.number().meta({ description: 'Which cost something that nobody knows' }),
    inputTokens: z.number(),
    cachedInputTokens: z.number(),
    cacheWriteTokens: z.number(),
    outputTokens: z.number(),
    reasoningTokens: z.number(),
    costUsd: dollars,
  })
  .meta({ id: 'Usage' });

export const UsageListSchema = z.object({ items: z.array(UsageSchema) }).meta({ id: 'UsageList' });
