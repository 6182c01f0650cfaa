import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { openSpending, type Spending } from './support/spending.ts';

let world: Spending;

beforeEach(async () => {
  world = await openSpending();
});

afterEach(() => world?.close());

test('what a provider may have charged for counts as estimated, and what it has refused does not', async () => {
  await world.put('all', { scope: 'all', window: 'total', limitUsd: 1, policy: 'stop' });
  world.turns.push({ reset: true }, { status: 429 }, { status: 400 }, { cutAfterBytes: 20 });
  for (let n = 0; n < 4; n += 1) expect(await world.run('askOf', 'small')).toMatchObject({ status: 'failed' });
  const rows = await until('the count', async () => {
    const found = await world.database.query(
      `SELECT state, is_estimated AS estimated, cost_usd = estimated_usd AS full, cost_usd = 0 AS nothing
         FROM holdfast.model_calls WHERE is_counted ORDER BY started_at`,
    );
    return found.length === 4 && found;
  });
  const charged = { state: 'failed', estimated: true, full: true, nothing: false };
  const refused = { state: 'failed', estimated: false, full: false, nothing: true };
  expect(rows).toEqual([charged, refused, refused, charged]);
});

test('a run says what its calls have used and cost, and so do its steps', async () => {
  const { id, usage } = await world.run('ask', 2);
  const both = { calls: 2, inputTokens: 200, cachedInputTokens: 0, outputTokens: 200, costUsd: '0.0006' };
  expect(usage).toEqual({ ...both, isEstimated: false });
  const { body } = await world.service.call<any>('GET', `/v1/runs/${id}/steps`);
  expect(body.items.map((item: any) => item.usage?.costUsd)).toEqual(['0.0003', '0.0003']);
  expect((await world.run('ask', 0)).usage).toBeNull();
});

test('what was used is summed up by what one asks for', async () => {
  await world.run('ask', 2);
  await world.run('askOf', 'small');
  const sums = await until('the sums', async () => {
    const { body } = await world.service.call<any>('GET', '/v1/usage?by=model,workflow');
    return body.items.length === 2 && body.items;
  });
  expect(sums).toMatchObject([
    { model: 'large', workflow: 'Trial.ask', calls: 2, inputTokens: 200, outputTokens: 200, costUsd: '0.0006' },
    { model: 'small', workflow: 'Trial.askOf', calls: 1, costUsd: '0.00003' },
  ]);
  const { body: other } = await world.service.call<any>('GET', '/v1/usage', { headers: { 'X-Tenant': 'acme' } });
  expect(other.items).toEqual([]);
  expect(await world.service.call('GET', '/v1/usage?by=colour')).toMatchObject({ status: 400 });
  expect(await world.service.call('GET', '/v1/usage?since=yesterday')).toMatchObject({ status: 400 });
});
