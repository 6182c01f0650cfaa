import { expect, test } from 'vitest';
import { createKey, type KeyOwner } from '../../src/admission/keys.ts';
import { start } from '../../src/index.ts';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Shop] }, { config: { auth: 'keys' } });

async function started(owner: KeyOwner, headers: Record<string, string> = {}) {
  const { key, hint } = await createKey(served.service.running.database.transactions, owner);
  const { body } = await served.call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'tea' },
    headers: { Authorization: `Bearer ${key}`, ...headers },
  });
  return { run: body, hint, key };
}

test('a run says who started it, whatever the headers claim', async () => {
  const { run, key } = await started({ tenant: 'acme', name: 'ana' }, { 'X-User': 'bo', 'X-Roles': 'manager' });
  expect(run).toMatchObject({ initiator: 'ana', tenant: 'acme' });
  const read = await served.call('GET', `/v1/runs/${String(run.id)}`, { headers: { Authorization: `Bearer ${key}` } });
  expect(read.body).toMatchObject({ initiator: 'ana' });
});

test('whose key has no name is known by its first characters', async () => {
  const { run, hint } = await started({ tenant: 'acme', name: '  ' });
  expect(run).toMatchObject({ initiator: hint });
});

test('the first who starts a run under a key of theirs remains the one who started it', async () => {
  const headers = { 'Idempotency-Key': 'once' };
  const first = await started({ tenant: 'acme', name: 'ana' }, headers);
  const second = await started({ tenant: 'acme', name: 'bo' }, headers);
  expect(second.run).toMatchObject({ id: first.run.id, initiator: 'ana' });
});

test.each(['', 'two words', 'a,b', 'x'.repeat(101)])('%j is not a role', async (role) => {
  const made = createKey(served.service.running.database.transactions, { tenant: 'acme', roles: ['fine', role] });
  await expect(made).rejects.toMatchObject({ code: 'invalid_role' });
});

test('code that starts a run says for whom', async () => {
  const { id } = await start(Shop.order, { item: 'tea', count: 1 }, { tenant: 'acme', initiator: 'cleo' });
  const { key } = await createKey(served.service.running.database.transactions, { tenant: 'acme' });
  const read = await served.call('GET', `/v1/runs/${id}`, { headers: { Authorization: `Bearer ${key}` } });
  expect(read.body).toMatchObject({ initiator: 'cleo' });
  for (const initiator of ['', 'a\0', '\ud800'])
    await expect(start(Shop.order, { item: 'tea', count: 1 }, { initiator })).rejects.toMatchObject({
      code: 'invalid_initiator',
    });
});
