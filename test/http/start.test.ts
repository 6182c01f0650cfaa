import { expect, test } from 'vitest';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const served = serve({ services: [Shop] });
const { call, run } = served;

test('a run that is waited for is answered with its result', async () => {
  const { status, headers, body } = await call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'tea', count: 2 },
    headers: { Prefer: 'wait=10' },
  });
  expect(body).toMatchObject({
    status: 'succeeded',
    result: { id: 6, total: 6 },
    workflow: 'Shop.order',
    input: { item: 'tea', count: 2 },
    tenant: 'default',
    lane: 'default',
  });
  expect(status).toBe(200);
  expect(headers.get('preference-applied')).toBe('wait=10');
});

test('a run that is not waited for is answered with where to follow it', async () => {
  const { status, headers, body } = await call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'tea' },
    headers: { Prefer: 'respond-async' },
  });
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/v1/runs/${String(body.id)}`);
  expect(headers.get('preference-applied')).toBe('respond-async');
  const result = await call('GET', `${headers.get('location')}/result?wait=10`);
  expect(result).toMatchObject({ status: 200, body: { status: 'succeeded', result: { total: 3 } } });
});

test('fifty calls with one key are one run', async () => {
  const before = Shop.bodies.price ?? 0;
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      call('POST', '/v1/workflows/Shop.order/runs', {
        body: { item: 'sugar' },
        headers: { 'Idempotency-Key': '"k 1"', Prefer: 'wait=10' },
      }),
    ),
  );
  expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  expect(Shop.bodies.price! - before).toBe(1);
  const rows = await servedQuery(`SELECT count(*)::int AS n FROM holdfast.runs WHERE input ->> 'item' = 'sugar'`);
  expect(rows).toEqual([{ n: 1 }]);
});

test('another body under the same key is refused, and changes nothing', async () => {
  const first = await call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'oil', count: 1 },
    headers: { 'Idempotency-Key': 'k2' },
  });
  const same = await call('POST', '/v1/workflows/Shop.order/runs', {
    body: { count: 1, item: 'oil' },
    headers: { 'Idempotency-Key': 'k2' },
  });
  const other = await call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'oil', count: 2 },
    headers: { 'Idempotency-Key': 'k2' },
  });
  expect(same.body.id).toBe(first.body.id);
  expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused', runId: first.body.id } });
});

test('a client that goes away while it waits does not disturb the run', async () => {
  const gone = new AbortController();
  const request = call('POST', '/v1/workflows/Shop.holds/runs', {
    body: 'left',
    headers: { Prefer: 'wait=20' },
    signal: gone.signal,
  });
  const held = await until('the step', () => Shop.held.get('left'));
  gone.abort();
  await expect(request).rejects.toThrow('aborted');
  held.resolve();
  const [row] = await until('the run', async () => {
    const rows = await servedQuery(
      `SELECT result FROM holdfast.runs WHERE workflow = 'Shop.holds' AND status = 'succeeded'`,
    );
    return rows.length > 0 ? rows : undefined;
  });
  expect(row).toEqual({ result: 4 });
});

test('a failed run carries the error of its step, and the step its attempts', async () => {
  const body = await run('Shop.fails');
  expect(body).toMatchObject({
    status: 'failed',
    error: { code: 'broken', message: 'attempt 3 broke', details: { part: 'axle' } },
  });
  const steps = await call<{ items: unknown[] }>('GET', `/v1/runs/${String(body.id)}/steps`);
  expect(steps.body.items).toMatchObject([
    { name: 'Shop.breaks', status: 'failed', attempts: 3, error: { code: 'broken' } },
  ]);
});

test('a delayed run begins when it may', async () => {
  const { body } = await call('POST', '/v1/workflows/Shop.order/runs?delay=300ms&priority=5', {
    body: { item: 'late' },
  });
  expect(body).toMatchObject({ status: 'queued', priority: 5 });
  const { body: ended } = await call('GET', `/v1/runs/${String(body.id)}/result?wait=20`);
  expect(ended.status).toBe('succeeded');
  const { body: whole } = await call('GET', `/v1/runs/${String(body.id)}`);
  expect(Date.parse(String(whole.startedAt)) - Date.parse(String(whole.createdAt))).toBeGreaterThanOrEqual(299);
});

test('a run that passes its deadline is cancelled', async () => {
  const { body } = await call('POST', '/v1/workflows/Shop.holds/runs?deadline=200ms', { body: 'overdue' });
  const { body: ended } = await call('GET', `/v1/runs/${String(body.id)}/result?wait=20`);
  expect(ended.status).toBe('cancelled');
});

test('children are runs of their own, with their parent and its tenant', async () => {
  const { body } = await call('POST', '/v1/workflows/Shop.parent/runs', {
    body: 3,
    headers: { Prefer: 'wait=20', 'X-Tenant': 'acme' },
  });
  expect(body).toMatchObject({ status: 'succeeded', result: [{ total: 1 }, { total: 2 }, { total: 3 }] });
  const children = await call<{ items: Record<string, unknown>[] }>('GET', `/v1/runs?parent=${String(body.id)}`);
  expect(children.body.items.map((child) => child.tenant)).toEqual(['acme', 'acme', 'acme']);
});

function servedQuery(sql: string): Promise<Record<string, unknown>[]> {
  return served.database.query(sql);
}
