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

test('of apps that are started at the same time one runs, and the place is free after it, and after a failed start', async () => {
  const start = () => startService({ app: createApp({ services: [Shop] }) });
  const starts = await Promise.allSettled([start(), start(), start()]);
  const refused = starts.filter((outcome) => outcome.status === 'rejected');
  expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(['app_running', 'app_running']);
  const running = starts.find((outcome) => outcome.status === 'fulfilled')!.value;
  const order = { body: { item: 'tea' }, headers: { Prefer: 'wait=20' } };
  const { body } = await running.call('POST', '/v1/workflows/Shop.order/runs', order);
  expect(body).toMatchObject({ status: 'succeeded' });
  await running.stop();

  const nowhere = { databaseUrl: 'postgresql://nobody@127.0.0.1:1/none', config: { databaseDeadlineMs: 10 } };
  await expect(startService({ app: createApp({ services: [Shop] }), ...nowhere })).rejects.toMatchObject({
    code: 'database_unreachable',
  });
  await using again = await start();
  expect(await again.call('GET', '/readyz')).toMatchObject({ status: 200 });
});
