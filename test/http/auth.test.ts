import { expect, test } from 'vitest';
import { createKey, revoke } from '../../src/admission/keys.ts';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Shop] }, { config: { auth: 'keys' } });

function keyFor(tenant: string) {
  return createKey(served.service.running.database.transactions, { tenant, name: 'test' });
}

function bearer(key: string): Record<string, string> {
  return { Authorization: `Bearer ${key}` };
}

test('without a key everything but the open pages is refused', async () => {
  for (const headers of [{}, bearer('hf_wrong'), { Authorization: 'Basic eDp5' }]) {
    const answer = await served.call('GET', '/v1/runs', { headers });
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs', '/docs/errors'])
    expect((await served.call('GET', path)).status).toBe(200);
  expect((await served.call('GET', '/nowhere')).status).toBe(401);
});

test('runs carry the tenant of their key, and no other tenant sees them', async () => {
  const [acme, other] = [await keyFor('acme'), await keyFor('other')];
  const { body } = await served.call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'tea' },
    headers: { ...bearer(acme.key), Prefer: 'wait=10', 'X-Tenant': 'other' },
  });
  expect(body).toMatchObject({ tenant: 'acme', status: 'succeeded' });
  const id = String(body.id);
  for (const path of ['', '/result', '/steps', '/events']) {
    expect((await served.call('GET', `/v1/runs/${id}${path}`, { headers: bearer(other.key) })).status).toBe(404);
  }
  expect((await served.call('POST', `/v1/runs/${id}/cancel`, { headers: bearer(other.key) })).status).toBe(404);
  expect((await served.call('POST', `/v1/runs/${id}/messages/x`, { headers: bearer(other.key), body: 1 })).status).toBe(
    404,
  );
  expect((await served.call('GET', '/v1/runs', { headers: bearer(other.key) })).body).toMatchObject({ items: [] });
  expect(
    (await served.call<{ items: unknown[] }>('GET', '/v1/runs', { headers: bearer(acme.key) })).body.items,
  ).toHaveLength(1);
});

test('one key of two tenants means two runs', async () => {
  const keys = [await keyFor('left'), await keyFor('right')];
  const ids = await Promise.all(
    keys.map(async ({ key }) => {
      const headers = { ...bearer(key), 'Idempotency-Key': 'same' };
      return (await served.call('POST', '/v1/workflows/Shop.order/runs', { body: { item: 'a' }, headers })).body.id;
    }),
  );
  expect(new Set(ids).size).toBe(2);
});

test('a revoked key is refused at once, and no key is stored', async () => {
  const created = await keyFor('brief');
  expect((await served.call('GET', '/v1/runs', { headers: bearer(created.key) })).status).toBe(200);
  await revoke(served.service.running.database.transactions, created.hint);
  expect((await served.call('GET', '/v1/runs', { headers: bearer(created.key) })).status).toBe(401);
  const rows = await served.database.query('SELECT * FROM holdfast.api_keys');
  expect(JSON.stringify(rows)).not.toContain(created.key);
});
