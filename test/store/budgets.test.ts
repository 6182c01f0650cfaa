import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { deleteBudget, raiseBudget } from '../../src/store/budgets.ts';
import { countEndedCalls, loseCallsOf, loseOrphans, reserveCalls, settleCalls } from '../../src/store/model-calls.ts';
import { booksOfFile, callOf, leaseForAlive } from './support/calls.ts';

const books = booksOfFile();
const { budget, enter } = books;

beforeEach(async () => {
  await leaseForAlive(books.database.query);
});

const settle = (id: string, costUsd: string | null, tokens = 10): Promise<string> =>
  settleCalls(books.db, [
    {
      id,
      state: 'settled',
      usage: {
        inputTokens: tokens,
        cachedInputTokens: 0,
        cacheWriteTokens: 0,
        outputTokens: tokens,
        reasoningTokens: 0,
        isEstimated: false,
      },
      costUsd,
      priceVersion: 'v1',
      errorCode: null,
    },
  ]);

async function counters(): Promise<Record<string, unknown>[]> {
  return books.database.query(
    `SELECT name, subject, period, spent_usd::float, reserved_usd::float, spent_tokens::int, reserved_tokens::int
       FROM holdfast.budgets ORDER BY name, subject`,
  );
}

test('the same call is entered once, however often that is said', async () => {
  await budget();
  const one = callOf();
  const entries = await Promise.all(Array.from({ length: 10 }, () => reserveCalls(books.db, [one])));
  expect(entries.flat().every(({ blocks }) => blocks === null)).toBe(true);
  expect(await counters()).toMatchObject([{ reserved_usd: 0.01 }]);
});

test('what has ended is counted once, whoever counts, and what it has not used is free again', async () => {
  await budget();
  const calls = Array.from({ length: 50 }, () => callOf());
  await reserveCalls(books.db, calls);
  await Promise.all(calls.slice(0, 40).map(({ id }) => settle(id, '0.001')));
  await Promise.all(Array.from({ length: 8 }, () => countEndedCalls(books.db)));
  expect(await counters()).toMatchObject([
    { spent_usd: 0.04, reserved_usd: 0.1, spent_tokens: 800, reserved_tokens: 10_000 },
  ]);
  expect(
    await books.database.query('SELECT tenant, class, endpoint, calls::int, cost_usd::float FROM holdfast.usage'),
  ).toEqual([{ tenant: 'acme', class: 'small', endpoint: 'cloud', calls: 40, cost_usd: 0.04 }]);
  await settle(calls[0]!.id, '5');
  await countEndedCalls(books.db);
  expect(await counters()).toMatchObject([{ spent_usd: 0.04 }]);
});

test('words of others that no text can hold keep nothing from being settled', async () => {
  const planned = callOf({ priceVersion: 'v\0' });
  await reserveCalls(books.db, [planned]);
  const errorCode = 'out\0of\uD800order';
  await settleCalls(books.db, [
    { id: planned.id, state: 'failed', usage: undefined, costUsd: '0', priceVersion: 'v\0', errorCode },
  ]);
  const rows = await books.database.query('SELECT state, error_code FROM holdfast.model_calls');
  expect(rows).toEqual([{ state: 'failed', error_code: expect.stringMatching(/^out.of.order$/) }]);
});

test('what is spent is refused for good, and what is only reserved is not', async () => {
  await budget({ limitUsd: '0.015' });
  const first = callOf();
  await reserveCalls(books.db, [first]);
  expect((await enter()).blocks).toMatchObject([{ reason: 'reserved', spentUsd: '0', reservedUsd: '0.01' }]);
  await settle(first.id, '0.009');
  await countEndedCalls(books.db);
  expect((await enter()).blocks).toMatchObject([{ reason: 'exceeded', spentUsd: '0.009', limitUsd: '0.015' }]);
  expect((await enter({ estimatedUsd: '0.006' })).blocks).toBeNull();
});

test('calls of a process that is gone are lost, and count as estimated, once', async () => {
  await budget();
  const [gone, alive] = [callOf({ executorId: 'gone' }), callOf()];
  await reserveCalls(books.db, [gone, alive]);
  expect((await Promise.all([loseOrphans(books.db), loseOrphans(books.db)])).sort()).toEqual([0, 1]);
  await settle(gone.id, '0.5');
  await countEndedCalls(books.db);
  expect(await counters()).toMatchObject([{ spent_usd: 0.01, reserved_usd: 0.01, spent_tokens: 1000 }]);
  await loseCallsOf(books.db, 'alive');
  await countEndedCalls(books.db);
  expect(await counters()).toMatchObject([{ spent_usd: 0.02, reserved_usd: 0 }]);
  const rows = await books.database.query('SELECT lost_calls::int, estimated_calls::int FROM holdfast.usage');
  expect(rows).toEqual([{ lost_calls: 2, estimated_calls: 2 }]);
});

test('an endpoint without a price is refused where money is limited, unless the budget allows it', async () => {
  await budget();
  expect((await enter({ estimatedUsd: null })).blocks).toMatchObject([{ reason: 'price_unknown' }]);
  await budget({ limitUsd: null, limitTokens: 5000 });
  const tokens = callOf({ estimatedUsd: null });
  expect((await reserveCalls(books.db, [tokens]))[0]!.blocks).toBeNull();
  await settle(tokens.id, null);
  await budget({ allowsUnpriced: true });
  expect((await enter({ estimatedUsd: null })).blocks).toBeNull();
  await countEndedCalls(books.db);
  expect(await counters()).toMatchObject([{ spent_usd: 0, spent_tokens: 20 }]);
  expect(await books.database.query('SELECT unpriced_calls::int FROM holdfast.usage')).toEqual([{ unpriced_calls: 1 }]);
});

test('each tenant has its own, and a budget of one tenant is none of the others', async () => {
  await budget({ name: 'each', scope: 'tenant', limitUsd: '0.01' });
  await budget({ name: 'own', tenant: 'acme', limitUsd: '0.5' });
  expect((await enter()).blocks).toBeNull();
  expect((await enter()).blocks).toMatchObject([{ budget: 'each', subject: 'acme' }]);
  expect((await enter({ tenant: 'globex' })).blocks).toBeNull();
  expect(await counters()).toMatchObject([
    { name: 'each', subject: 'acme', reserved_usd: 0.01 },
    { name: 'each', subject: 'globex', reserved_usd: 0.01 },
    { name: 'own', subject: '', reserved_usd: 0.01 },
  ]);
});

test('days and months are those of UTC, and begin with what was used in them before there was a budget', async () => {
  const before = callOf();
  await reserveCalls(books.db, [before]);
  await settle(before.id, '0.3');
  await countEndedCalls(books.db);
  await books.db
    .raw(`INSERT INTO holdfast.usage_totals SELECT day - 40, tenant, workflow, class, endpoint, model, calls, failed_calls, lost_calls,
    estimated_calls, unpriced_calls, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, 100
    FROM holdfast.usage_totals`);
  await budget({ name: 'daily', scope: 'tenant', window: 'day' });
  await budget({ name: 'monthly', window: 'month' });
  expect((await enter()).blocks).toBeNull();
  const today = new Date().toISOString();
  expect(await counters()).toMatchObject([
    { name: 'daily', period: today.slice(0, 10), spent_usd: 0.3 },
    { name: 'monthly', period: today.slice(0, 7), spent_usd: 0.3 },
  ]);
});

test('people are told once that a budget is crossed that only wants to be told', async () => {
  await budget({ policy: 'alert', limitUsd: '0.015' });
  const calls = [callOf(), callOf(), callOf()];
  expect(await reserveCalls(books.db, calls)).toMatchObject(calls.map(() => ({ blocks: null, isLimited: false })));
  await settle(calls[0]!.id, '0.01');
  expect(await countEndedCalls(books.db)).toEqual([]);
  await settle(calls[1]!.id, '0.01');
  expect(await countEndedCalls(books.db)).toMatchObject([{ budget: 'all', spentUsd: '0.02', limitUsd: '0.015' }]);
  await settle(calls[2]!.id, '0.01');
  expect(await countEndedCalls(books.db)).toEqual([]);
});

test('calls in the class that a budget names go on, and others do not', async () => {
  await budget({ policy: 'degrade', degradeTo: 'small', limitUsd: '0.001' });
  expect((await enter({ class: 'reasoning' })).blocks).toMatchObject([{ policy: 'degrade', degradeTo: 'small' }]);
  expect(await enter({ class: 'small' })).toMatchObject({ blocks: null, isLimited: true });
  expect((await enter({ class: 'small', estimatedUsd: null })).blocks).toMatchObject([{ reason: 'price_unknown' }]);
});

test('an approved budget is raised by one more limit, once for each question', async () => {
  await budget({ policy: 'ask', limitUsd: '0.01' });
  const first = callOf();
  await reserveCalls(books.db, [first]);
  await settle(first.id, '0.01');
  await countEndedCalls(books.db);
  const [state] = (await enter()).blocks!;
  await Promise.all([
    raiseBudget(books.db, state!.counter, state!.raises),
    raiseBudget(books.db, state!.counter, state!.raises),
  ]);
  expect((await enter()).blocks).toBeNull();
  expect((await enter()).blocks).toMatchObject([{ reason: 'reserved', limitUsd: '0.02', raises: 1 }]);
});

test('setting a budget anew keeps what was spent; with another window it begins anew; without it nothing is limited', async () => {
  await budget({ limitUsd: '0.01' });
  expect((await enter()).blocks).toBeNull();
  await budget({ limitUsd: '0.02' });
  expect((await enter()).blocks).toBeNull();
  expect((await enter()).blocks).not.toBeNull();
  await budget({ limitUsd: '0.02', window: 'day' });
  expect((await enter()).blocks).toBeNull();
  expect(await deleteBudget(books.db, '', 'all')).toBe(true);
  expect(await deleteBudget(books.db, '', 'all')).toBe(false);
  expect(await enter()).toMatchObject({ blocks: null, isLimited: false });
});

test.each([true, false])(
  'calls that were made are entered whatever budgets say, but not those of removed runs (a budget: %s)',
  async (isLimited) => {
    if (isLimited) await books.budget({ limitUsd: '0' });
    const [made, removed] = [callOf(), callOf({ runId: 'removed' })];
    await reserveCalls(books.db, [made, removed], { must: true });
    expect(await books.database.query('SELECT id FROM holdfast.model_calls')).toEqual([{ id: made.id }]);
  },
);

test('processes of the version before enter calls, too', async () => {
  const planned = JSON.stringify([
    {
      id: randomUUID(),
      attempt: 1,
      executor_id: 'old',
      step: 's',
      class: 'c',
      endpoint: 'e',
      model: 'm',
      estimated_input: 1,
      estimated_output: 1,
    },
  ]);
  const rows = await books.database.query('SELECT call_id FROM holdfast.reserve_calls($1::json)', [planned]);
  expect(rows).toHaveLength(1);
});
