import { expect, test } from 'vitest';
import { createApp } from '../../src/index.ts';
import { startService } from '../../src/testing.ts';
import { Shop } from '../support/apps/shop.ts';

test('a service needs nothing but its app', async () => {
  const runs: string[] = [];
  for (let n = 0; n < 2; n += 1) {
    await using service = await startService({ app: createApp({ services: [Shop] }) });
    const { body } = await service.call('POST', '/v1/workflows/Shop.order/runs', {
      body: { item: 'tea' },
      headers: { Prefer: 'wait=20' },
    });
    expect(body).toMatchObject({ status: 'succeeded', result: { total: 3 } });
    const list = await service.call<{ items: { id: string }[] }>('GET', '/v1/runs');
    runs.push(...list.body.items.map(({ id }) => id));
  }
  expect(new Set(runs).size).toBe(2);
});

test('a second app in the process is refused, and the first one goes on', async () => {
  const app = createApp({ services: [Shop] });
  await using service = await startService({ app });
  await expect(startService({ app })).rejects.toMatchObject({ code: 'app_running' });
  await expect(startService({ app: createApp({ services: [] }) })).rejects.toMatchObject({ code: 'app_running' });
  const order = { body: { item: 'tea' }, headers: { Prefer: 'wait=20' } };
  const { body } = await service.call('POST', '/v1/workflows/Shop.order/runs', order);
  expect(body).toMatchObject({ status: 'succeeded' });
});
