import { expect, test } from 'vitest';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const served = serve({ services: [Shop] });

test('a cancelled run records nothing more, and its step is told', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.holds/runs', { body: 'cancelled' });
  const id = String(body.id);
  const held = await until('the step', () => Shop.held.get('cancelled'));
  const first = await served.call('POST', `/v1/runs/${id}/cancel`);
  expect(first).toMatchObject({ status: 200, body: { id, status: 'cancelled', changed: true } });
  const second = await served.call('POST', `/v1/runs/${id}/cancel`, { body: {} });
  expect(second).toMatchObject({ status: 200, body: { changed: false } });
  await expect(held.promise).rejects.toThrow('told to stop');
  const { body: steps } = await served.call('GET', `/v1/runs/${id}/steps`);
  expect(steps).toMatchObject({ items: [] });
  expect(await served.call('GET', `/v1/runs/${id}/result?wait=1`)).toMatchObject({
    status: 200,
    body: { status: 'cancelled' },
  });
});

test('a message is kept until it is waited for, and once under one key', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.verbs/runs?delay=300ms');
  const id = String(body.id);
  for (let n = 0; n < 3; n += 1) {
    const sent = await served.call('POST', `/v1/runs/${id}/messages/greeting`, {
      body: { text: 'hello' },
      headers: { 'Idempotency-Key': 'm' },
    });
    expect(sent).toMatchObject({ status: 202, body: { id, topic: 'greeting' } });
  }
  const { body: ended } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result: { first: { text: 'hello' }, none: true } });
  const rows = await served.database.query(
    'SELECT count(*)::int AS n FROM dbos.notifications WHERE destination_uuid = $1',
    [id],
  );
  expect(rows).toEqual([{ n: 1 }]);
});

test('a message that does not fit fails the wait by field', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.verbs/runs');
  const id = String(body.id);
  await served.call('POST', `/v1/runs/${id}/messages/greeting`, { body: { text: 7 } });
  const { body: ended } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(ended).toMatchObject({
    status: 'failed',
    error: { code: 'invalid_message', details: [{ pointer: '/text' }] },
  });
});

test('a run that has ended takes no message, and one that never was is not found', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'a' },
    headers: { Prefer: 'wait=10' },
  });
  expect(await served.call('POST', `/v1/runs/${String(body.id)}/messages/t`, { body: 1 })).toMatchObject({
    status: 409,
    body: { code: 'run_ended' },
  });
  for (const path of ['', '/result', '/steps', '/events']) {
    expect(await served.call('GET', `/v1/runs/none${path}`)).toMatchObject({
      status: 404,
      body: { code: 'run_not_found' },
    });
  }
  expect(await served.call('POST', '/v1/runs/none/cancel')).toMatchObject({
    status: 404,
    body: { code: 'run_not_found' },
  });
});

test('runs are listed newest first, by page and by filter', async () => {
  for (let n = 0; n < 5; n += 1) {
    await served.call('POST', '/v1/workflows/Shop.order/runs', {
      body: { item: 'listed' },
      headers: { 'X-Tenant': 'lister', Prefer: 'wait=10' },
    });
  }
  const seen: unknown[] = [];
  let cursor = '';
  do {
    const { body } = await served.call<{ items: { id: string }[]; next: string | null }>(
      'GET',
      `/v1/runs?limit=2${cursor}`,
      { headers: { 'X-Tenant': 'lister' } },
    );
    seen.push(...body.items.map((run) => run.id));
    cursor = body.next === null ? '' : `&cursor=${body.next}`;
  } while (cursor !== '');
  expect(new Set(seen).size).toBe(5);
  const { body } = await served.call<{ items: unknown[] }>(
    'GET',
    '/v1/runs?status=failed,cancelled&workflow=Shop.order',
    { headers: { 'X-Tenant': 'lister' } },
  );
  expect(body.items).toEqual([]);
});
