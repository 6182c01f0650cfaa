// Budgets and calls of models, as tests want them, and a database for them.

import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { openDatabase } from '../../../src/postgres/connection.ts';
import { type BudgetRule, setBudget } from '../../../src/store/budgets.ts';
import { type Entry, type NewModelCall, reserveCalls } from '../../../src/store/model-calls.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

/** A dollar for all calls together. */
function budgetOf(rest: Partial<BudgetRule> = {}): BudgetRule {
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

/** Gives the process `alive` a lease of an hour on a database, by a function that sends a statement to it. */
export async function leaseForAlive(query: (sql: string) => Promise<unknown>): Promise<void> {
  await query(
    `INSERT INTO holdfast.leases (executor_id, host, pid, process, role, version, workflows, expires_at)
     VALUES ('alive', 'host', 1, 'one', 'all', '1', '{}', now() + interval '1 hour') ON CONFLICT DO NOTHING`,
  );
}

/** The books on a database of the calling file, with nothing in them at the beginning of each test. */
export interface Books {
  readonly database: TestDatabase;
  readonly db: Knex;
  budget(rest?: Partial<BudgetRule>): Promise<void>;
  enter(rest?: Partial<NewModelCall>): Promise<Entry>;
}

/** Has a database for the tests of the calling file. */
export function booksOfFile(): Books {
  let database: TestDatabase;
  let db: Knex;
  beforeAll(async () => {
    database = await freshDatabase();
    db = openDatabase(database.url, { max: 12, name: 'test' });
  });
  afterAll(async () => {
    await db?.destroy();
    await database?.drop();
  });
  beforeEach(async () => {
    await db.raw(
      'TRUNCATE holdfast.budget_rules, holdfast.budget_counters, holdfast.model_calls, holdfast.usage_totals',
    );
  });
  return {
    get database() {
      return database;
    },
    get db() {
      return db;
    },
    budget: (rest) => setBudget(db, budgetOf(rest)),
    enter: async (rest) => (await reserveCalls(db, [callOf(rest)]))[0]!,
  };
}
