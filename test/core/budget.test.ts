import { expect, test } from 'vitest';
import { budgetLine, type BudgetState, decideOnBudgets } from '../../src/core/budget.ts';
import { correctedTokens, learnedCorrection, UNKNOWN_CORRECTION } from '../../src/core/token-estimate.ts';

const state = (rest: Partial<BudgetState> = {}): BudgetState => ({
  counter: '1',
  budget: 'acme',
  tenant: '',
  scope: 'tenant',
  subject: 'acme',
  window: 'day',
  period: '2026-11-21',
  policy: 'stop',
  degradeTo: null,
  approval: null,
  reason: 'exceeded',
  limitUsd: '10',
  spentUsd: '9.99',
  reservedUsd: '0',
  limitTokens: null,
  spentTokens: 1000,
  reservedTokens: 0,
  raiseUsd: '10',
  raiseTokens: null,
  raises: 0,
  ...rest,
});

const decided = (...blocks: Partial<BudgetState>[]): string => decideOnBudgets(blocks.map(state)).act;

test('of several budgets the strictest counts', () => {
  expect(decided({ policy: 'degrade' }, { policy: 'ask' }, { policy: 'stop' })).toBe('stop');
  expect(decided({ policy: 'degrade' }, { policy: 'ask' })).toBe('ask');
  expect(decided({ policy: 'degrade' }, { policy: 'stop', reason: 'reserved' })).toBe('degrade');
  expect(decided({ policy: 'stop' }, { policy: 'degrade', reason: 'price_unknown' })).toBe('unpriced');
});

test('what is only reserved may become free: nobody is refused, asked or degraded for it', () => {
  for (const policy of ['stop', 'ask', 'degrade'] as const)
    expect(decided({ policy, reason: 'reserved' })).toBe('wait');
});

test('the decision names the budget that it comes from', () => {
  const { state: found } = decideOnBudgets([state({ budget: 'one', policy: 'degrade' }), state({ budget: 'two' })]);
  expect(found.budget).toBe('two');
});

test('a budget is told with what is spent of it', () => {
  expect(budgetLine(state())).toBe("the budget 'acme' (tenant acme, 2026-11-21), of which 9.99 of 10 USD is spent");
  expect(budgetLine(state({ scope: 'all', subject: '', period: '', limitTokens: 500 }))).toBe(
    "the budget 'acme', of which 9.99 of 10 USD and 1000 of 500 tokens are spent",
  );
});

test('an endpoint that counts more than expected is believed at once, one that counts less only in time', () => {
  const more = learnedCorrection(UNKNOWN_CORRECTION, 1000, 3000);
  expect(correctedTokens(1000, more)).toBeGreaterThan(3000);
  let less = learnedCorrection(more, 1000, 1000);
  expect(correctedTokens(1000, less)).toBeGreaterThan(3000);
  for (let calls = 0; calls < 300; calls += 1) less = learnedCorrection(less, 1000, 1000);
  expect(correctedTokens(1000, less)).toBeLessThan(1200);
  expect(correctedTokens(1000, less)).toBeGreaterThan(1000);
});

test('nonsense teaches nothing', () => {
  expect(learnedCorrection(1.5, 0, 100)).toBe(1.5);
  expect(learnedCorrection(1.5, 100, 0)).toBe(1.5);
  expect(correctedTokens(1, learnedCorrection(1.5, 1, 1_000_000))).toBe(10);
});
