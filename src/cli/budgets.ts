// `holdfast budgets` and `holdfast usage`: what may be spent, and what was used, directly in the database.

import { Command, InvalidArgumentError, Option } from 'commander';
import { type BudgetSettings, removeBudget, saveBudget } from '../admission/budgets.ts';
import { BUDGET_POLICIES, BUDGET_SCOPES, BUDGET_WINDOWS } from '../core/budget.ts';
import type { Person } from '../core/person.ts';
import { type BudgetView, getBudget, listBudgets } from '../views/budgets.ts';
import { sumUsage, USAGE_KEYS, type UsageKey } from '../views/usage.ts';
import { withDatabase } from './database.ts';
import { jsonOption, print, table } from './output.ts';

interface Flags {
  json?: boolean;
  tenant?: string;
}

interface SetFlags extends Flags, Omit<BudgetSettings, 'approval'> {
  role?: string;
  quorum?: number;
  expires?: `${number}d`;
}

const MOST_SUMS = 1000;

/** Returns the command for budgets. */
export function budgetsCommand(): Command {
  const budgets = new Command('budgets').description('list, set and remove budgets of calls of models');
  const add = (name: string, description: string): Command =>
    budgets
      .command(name)
      .description(description)
      .option('--tenant <tenant>', 'whose; without it, of all tenants')
      .addOption(jsonOption());
  add('list', 'list the budgets, with what is spent of them').action(list);
  add('remove', 'remove a budget').argument('<name>', 'the name of the budget').action(remove);
  add('set', 'set a budget, in place of the one of its name')
    .argument('<name>', 'the name of the budget')
    .addOption(new Option('--scope <scope>', 'by what it is spent').choices(BUDGET_SCOPES).makeOptionMandatory())
    .addOption(new Option('--window <window>', 'when it begins anew').choices(BUDGET_WINDOWS).makeOptionMandatory())
    .addOption(
      new Option('--policy <policy>', 'what follows when it is crossed').choices(BUDGET_POLICIES).default('stop'),
    )
    .option('--limit-usd <dollars>', 'how much may be spent', dollars)
    .option('--limit-tokens <n>', 'how many tokens may be used', wholeNumber)
    .option('--workflow <workflow>', 'only what runs of this workflow or agent use')
    .option('--degrade-to <class>', 'the class that calls go on in, with degrade')
    .option('--role <role>', 'who is asked, with ask')
    .option('--quorum <n>', 'how many people have to approve, with ask', wholeNumber)
    .option('--expires <time>', 'how long people have for it, with ask, such as 2d')
    .option('--allow-unpriced', 'allow endpoints without a price')
    .action(set);
  return budgets;
}

/** Returns the command for usage. */
export function usageCommand(): Command {
  return new Command('usage')
    .description('sum up what calls of models have used and cost')
    .option('--by <keys>', `by which of ${USAGE_KEYS.join(', ')}, with commas between them`, keys, ['day', 'model'])
    .option('--tenant <tenant>', 'whose; without it, of all tenants')
    .option('--since <day>', 'from this day on (UTC), such as 2026-11-01', day)
    .option('--until <day>', 'before this day', day)
    .addOption(jsonOption())
    .action((flags: Flags & { by: UsageKey[]; since?: string; until?: string }) =>
      withDatabase('usage', async (db) => {
        const { by, tenant, since, until } = flags;
        const sums = await sumUsage(db, { tenant, since, until }, by, MOST_SUMS);
        const rows = sums.map((sum) => [
          ...by.map((key) => sum[key] ?? ''),
          String(sum.calls),
          String(sum.inputTokens),
          String(sum.outputTokens),
          sum.unpricedCalls > 0 ? `${sum.costUsd} and ${sum.unpricedCalls} calls without a price` : sum.costUsd,
        ]);
        const head = [...by.map((key) => key.toUpperCase()), 'CALLS', 'INPUT', 'OUTPUT', 'USD'];
        print(flags.json, sums, rows.length === 0 ? 'Nothing was used.' : table(head, rows));
      }),
    );
}

async function list(flags: Flags): Promise<void> {
  await withDatabase('budgets', async (db) => {
    const budgets = await listBudgets(db, flags.tenant);
    const rows = budgets.flatMap((budget) => rowsOf(budget));
    const head = ['BUDGET', 'TENANT', 'SCOPE', 'WINDOW', 'POLICY', 'SPENT USD', 'SPENT TOKENS', 'BY'];
    print(flags.json, budgets, rows.length === 0 ? 'There are no budgets.' : table(head, rows));
  });
}

function rowsOf({ name, tenant, scope, window, policy, limitUsd, limitTokens, spending }: BudgetView): string[][] {
  const own = [name, tenant ?? '', scope, window, policy];
  if (spending.length === 0) return [[...own, of('0', limitUsd), of(0, limitTokens), '']];
  return spending.map((one) => [
    ...own,
    of(one.spentUsd, one.limitUsd),
    of(one.spentTokens, one.limitTokens),
    one.subject,
  ]);
}

function of(spent: string | number, limit: string | number | null): string {
  return limit === null ? String(spent) : `${spent} of ${limit}`;
}

async function set(name: string, flags: SetFlags): Promise<void> {
  const { json, tenant, role, quorum, expires, ...settings } = flags;
  const rule = { ...(role && { role }), ...(quorum && { quorum }), ...(expires && { expires }) };
  const approval = Object.keys(rule).length > 0 ? rule : undefined;
  await withDatabase('budgets', async (db) => {
    await saveBudget(db, operator(tenant), name, { ...settings, approval });
    print(json, await getBudget(db, tenant, name), `The budget '${name}' holds from the next call on.`);
  });
}

async function remove(name: string, flags: Flags): Promise<void> {
  await withDatabase('budgets', async (db) => {
    await removeBudget(db, operator(flags.tenant), name);
    print(flags.json, { name }, `The budget '${name}' is removed.`);
  });
}

/** Whoever has the database may do everything. */
function operator(tenant: string | undefined): Person {
  return { name: 'operator', roles: 'all', tenant };
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is not a whole number.');
}

function dollars(text: string): string {
  if (/^\d{1,12}(\.\d{1,12})?$/.test(text)) return text;
  throw new InvalidArgumentError('It is no amount of dollars, such as 12.50.');
}

function day(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError('It is no day, such as 2026-11-01.');
}

function keys(text: string): UsageKey[] {
  const found = text.split(',');
  if (found.every((key): key is UsageKey => (USAGE_KEYS as readonly string[]).includes(key))) return found;
  throw new InvalidArgumentError(`It has to be some of ${USAGE_KEYS.join(', ')}.`);
}
