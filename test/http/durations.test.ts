import { expect, test } from 'vitest';
import { start } from '../../src/index.ts';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Shop] });
const ORDER = '/v1/workflows/Shop.order/runs';
const BODY = { body: { item: 'tea' } };

test.each([
  ['delay', '999999999d'],
  ['delay', '9007199254740991'],
  ['delay', '3651d'],
  ['delay', '9'.repeat(400)],
  ['deadline', '99999999d'],
  ['deadline', '999999999d'],
])('a %s of %s is refused by name, and nothing is recorded', async (name, value) => {
  const answer = await served.call('POST', `${ORDER}?${name}=${value}`, BODY);
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_query', errors: [{ pointer: `/${name}` }] } });
  expect(answer.body.detail).toContain('10 years');
  expect(await served.database.query('SELECT id FROM holdfast.runs')).toEqual([]);
});

test.each([{ delayMs: 1e15 }, { delayMs: -1 }, { timeoutMs: Infinity }, { timeoutMs: Number.NaN }])(
  'start() refuses %j in the same way',
  async (options) => {
    await expect(start(Shop.order, { item: 'tea' } as never, options)).rejects.toMatchObject({
      code: 'invalid_duration',
      message: expect.stringContaining(Object.keys(options)[0]!),
    });
    expect(await served.database.query('SELECT id FROM holdfast.runs')).toEqual([]);
  },
);

test('the longest delay and deadline are taken, and so are fractions of a millisecond', async () => {
  const { status, body } = await served.call('POST', `${ORDER}?delay=3650d&deadline=3650d`, BODY);
  expect(status).toBe(202);
  expect(Date.parse(String(body.delayedUntil))).toBeGreaterThan(Date.now() + 3649 * 86_400_000);
  expect(await served.call('POST', `/v1/runs/${String(body.id)}/cancel`)).toMatchObject({ body: { changed: true } });
  const first = await served.call('POST', `${ORDER}?deadline=3650d`, { ...BODY, headers: { Prefer: 'wait=10' } });
  expect(first).toMatchObject({ status: 200, body: { status: 'succeeded' } });
  const soon = { ...BODY, headers: { Prefer: 'wait=10' } };
  expect(await served.call('POST', `${ORDER}?delay=1.5ms&deadline=20000.5ms`, soon)).toMatchObject({
    status: 200,
    body: { status: 'succeeded' },
  });
});

test('what is no duration is refused in one sentence', async () => {
  const { body } = await served.call('POST', `${ORDER}?delay=xx`, BODY);
  expect(body.detail).toMatch(/'xx' is not a duration.*[^.]\.$/);
});

test('a deadline of nothing is refused', async () => {
  const answer = await served.call('POST', `${ORDER}?deadline=0`, BODY);
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_query', errors: [{ pointer: '/deadline' }] } });
});

test('rows with times beyond all calendars are listed, read, followed and cancelled', async () => {
  const { body } = await served.call('POST', `${ORDER}?delay=1h`, BODY);
  const id = String(body.id);
  await served.database.query(
    `UPDATE dbos.workflow_status SET delay_until_epoch_ms = 9007199254740991, workflow_deadline_epoch_ms = 86401795100000000,
            created_at = 8640000000000001, started_at_epoch_ms = -9007199254740991
      WHERE workflow_uuid = $1`,
    [id],
  );
  const { status, body: list } = await served.call<{ items: unknown[] }>('GET', '/v1/runs');
  expect(status).toBe(200);
  expect(list.items[0]).toMatchObject({
    id,
    createdAt: '9999-12-31T23:59:59.000Z',
    delayedUntil: '9999-12-31T23:59:59.000Z',
    deadline: '9999-12-31T23:59:59.000Z',
    startedAt: '0001-01-01T00:00:00.000Z',
  });
  expect(await served.call('GET', `/v1/runs/${id}`)).toMatchObject({ status: 200, body: { id, status: 'queued' } });
  expect(await served.call('POST', `/v1/runs/${id}/cancel`)).toMatchObject({ status: 200, body: { changed: true } });
  expect(await served.call('GET', `/v1/runs/${id}/events`)).toMatchObject({ status: 200 });
});
