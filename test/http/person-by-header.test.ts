import { expect, test } from 'vitest';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Shop] });

async function initiator(headers: Record<string, string>): Promise<unknown> {
  const { body } = await served.call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'tea' },
    headers,
  });
  return body.initiator ?? body.code;
}

test('without authentication a header says who starts a run', async () => {
  expect(await initiator({ 'X-User': 'ana@example.org' })).toBe('ana@example.org');
  expect(await initiator({})).toBe('local');
});

test('names and roles that are none are refused', async () => {
  expect(await initiator({ 'X-User': '<b>' })).toBe('invalid_header');
  expect(await initiator({ 'X-User': 'ana', 'X-Roles': 'manager, two words' })).toBe('invalid_header');
  expect(await initiator({ 'X-User': 'ana', 'X-Roles': 'manager, cfo' })).toBe('ana');
});

test('a run that another one starts has nobody of its own', async () => {
  await served.run('Shop.parent', 2);
  const { body } = await served.call<{ items: { parentId: string | null; initiator: string | null }[] }>(
    'GET',
    '/v1/runs?workflow=Shop.order&limit=500',
  );
  const children = body.items.filter((run) => run.parentId !== null);
  expect(children.map((run) => run.initiator)).toEqual([null, null]);
});
