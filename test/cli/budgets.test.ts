import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyDatabase, type TestDatabase } from '../support/database.ts';
import { type CliResult, holdfast } from './support.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await emptyDatabase();
});

afterAll(() => database.drop());

const run = (...args: string[]): Promise<CliResult> => holdfast(args, { DATABASE_URL: database.url });

test('budgets are set, listed and removed', async () => {
  expect((await run('budgets', 'list')).stdout).toBe('There are no budgets.\n');
  const dollars = ['--limit-usd', '12.50', '--limit-tokens', '1000'];
  const set = await run('budgets', 'set', 'daily', '--scope', 'tenant', '--window', 'day', ...dollars);
  expect(set).toMatchObject({ code: 0, stdout: "The budget 'daily' holds from the next call on.\n" });
  const asked = ['--scope', 'run', '--window', 'run', '--limit-usd', '1', '--policy', 'ask', '--role', 'cfo'];
  expect(await run('budgets', 'set', 'own', '--tenant', 'acme', ...asked)).toMatchObject({ code: 0 });
  const { stdout } = await run('budgets', 'list', '--json');
  expect(JSON.parse(stdout)).toMatchObject([
    { name: 'daily', tenant: null, limitUsd: '12.50', limitTokens: 1000, policy: 'stop', setBy: 'operator' },
    { name: 'own', tenant: 'acme', scope: 'run', policy: 'ask', approval: { role: 'cfo' } },
  ]);
  expect((await run('budgets', 'list')).stdout).toMatch(/daily +tenant +day +stop +0 of 12\.50 +0 of 1000/);
  expect(await run('budgets', 'remove', 'own', '--tenant', 'acme')).toMatchObject({ code: 0 });
  const gone = await run('budgets', 'remove', 'own', '--tenant', 'acme');
  expect(gone).toMatchObject({ code: 1 });
  expect(gone.stderr).toContain('[budget_not_found]');
});

test.for([
  [['--scope', 'run', '--window', 'day', '--limit-usd', '1'], 1, '[invalid_budget]'],
  [['--scope', 'tenant', '--window', 'day'], 1, '[invalid_budget]'],
  [['--scope', 'tenant', '--window', 'day', '--limit-usd', 'much'], 2, 'no amount of dollars'],
  [['--scope', 'galaxy', '--window', 'day', '--limit-usd', '1'], 2, 'galaxy'],
] as const)('%j is refused', async ([args, code, says]) => {
  const refused = await run('budgets', 'set', 'odd', ...args);
  expect(refused.code).toBe(code);
  expect(refused.stderr).toContain(says);
});

test('what was used is summed up', async () => {
  expect((await run('usage')).stdout).toBe('Nothing was used.\n');
  await database.query(
    `INSERT INTO holdfast.usage_totals VALUES
       ('2026-11-20', 'acme', 'Docs.read', 'small', 'cloud', 'small-2', 3, 1, 0, 0, 0, 300, 0, 0, 60, 0, 0.00030),
       ('2026-11-21', 'acme', 'Docs.read', 'small', 'cloud', 'small-2', 2, 0, 0, 0, 1, 200, 0, 0, 40, 0, 0.0001)`,
  );
  expect((await run('usage', '--by', 'tenant')).stdout).toMatch(
    /acme +5 +500 +100 +0\.0004 and 1 calls without a price/,
  );
  const { stdout } = await run('usage', '--by', 'day,model', '--until', '2026-11-21', '--json');
  expect(JSON.parse(stdout)).toMatchObject([
    { day: '2026-11-20', model: 'small-2', calls: 3, failedCalls: 1, costUsd: '0.0003' },
  ]);
  expect(await run('usage', '--by', 'colour')).toMatchObject({ code: 2 });
});
