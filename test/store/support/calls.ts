// A budget and a call of a model, as tests want them.

import { randomUUID } from 'node:crypto';
import type { BudgetRule } from '../../../src/store/budgets.ts';
import type { NewModelCall } from '../../../src/store/model-calls.ts';

/** A dollar for all calls together. */
export function budgetOf(rest: Partial<BudgetRule> = {}): BudgetRule {
  return {
    name: 'all',
    tenant: '',
    scope: 'all',
    workflow: null,
    window: 'total',
    limitUsd: '1',
    limitTokens: null,
    policy: 'stop',
    degradeTo: null,
    approval: null,
    allowsUnpriced: false,
    setBy: 'ana',
    ...rest,
  };
}

/** A call that may cost a cent. */
export function callOf(rest: Partial<NewModelCall> = {}): NewModelCall {
  return {
    id: randomUUID(),
    runId: undefined,
    stepId: undefined,
    step: 'model',
    attempt: 1,
    tenant: 'acme',
    executorId: 'alive',
    class: 'small',
    endpoint: 'cloud',
    model: 'small-2',
    choice: {},
    fingerprint: undefined,
    estimate: { inputTokens: 100, outputTokens: 900 },
    estimatedUsd: '0.01',
    priceVersion: 'v1',
    ...rest,
  };
}
