import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/postgres/connection.ts';
import { openShop, post, TRACE } from '../support/shop-server.ts';

const shop = openShop();

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('unsafe requests carry a key and leave a receipt, all requests carry the trace', async () => {
  const fetch = shop.fetch();
  const response = await fetch(`${shop.url}/charges`, post('{"cents":5}'));
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({ id: 1 });
  await fetch(new URL(`${shop.url}/charges/1`));
  expect(shop.received.map(({ method }) => method)).toEqual(['POST', 'GET']);
  expect(shop.keys()).toEqual([shop.key, undefined]);
  expect(shop.received.map(({ headers }) => headers['traceparent'])).toEqual([TRACE, TRACE]);
  expect(shop.received[0]!.body.toString()).toBe('{"cents":5}');
  expect(await shop.effects()).toMatchObject([
    {
      run_id: 'run',
      ordinal: 1,
      tool: 'Shop.charge',
      key: shop.key,
      method: 'POST',
      url: `${shop.url}/charges`,
      state: 'answered',
      attempts: 1,
      status: 201,
      response_hash: sha256('{"id":1}'),
    },
  ]);
});

test('the receipt is committed before the request arrives', async () => {
  let seen: unknown;
  shop.answer = async (_request, response) => {
    seen = await shop.effects();
    response.writeHead(204).end();
  };
  await shop.fetch()(shop.url, { method: 'DELETE' });
  expect(seen).toMatchObject([{ state: 'sent', status: null }]);
  expect(await shop.effects()).toMatchObject([{ state: 'answered', status: 204, response_hash: sha256('') }]);
});

test('each request of a body has its own key, the same on the next attempt', async () => {
  const body = (fetch: typeof globalThis.fetch): Promise<unknown> =>
    Promise.all(['a', 'b', 'c'].map((name) => fetch(`${shop.url}/${name}`, { method: 'PUT', body: name })));
  await body(shop.fetch());
  await body(shop.fetch({ attempt: 2 }));
  const byPath = shop.received.toSorted((one, other) => one.path.localeCompare(other.path));
  const { key } = shop;
  expect(byPath.map(({ path, headers }) => [path, headers['idempotency-key']])).toEqual([
    ['/a', key],
    ['/a', key],
    ['/b', `${key}-2`],
    ['/b', `${key}-2`],
    ['/c', `${key}-3`],
    ['/c', `${key}-3`],
  ]);
  const numbers = (await shop.effects()).map(({ ordinal, attempts }) => [ordinal, attempts]);
  expect(numbers).toEqual([
    [1, 2],
    [2, 2],
    [3, 2],
  ]);
});

test.each([
  ['another body', '/charges', post('6')],
  ['another path', '/refunds', post('5')],
  ['another method', '/charges', { method: 'PUT', body: '5' }],
  ['another type', '/charges', { ...post('5'), headers: { 'content-type': 'application/json' } }],
  ['another value in the query', '/charges?at=2', post('5')],
])('a later attempt with %s is refused before it leaves', async (_what, path, init) => {
  await shop.fetch()(`${shop.url}/charges`, post('5'));
  const error = await shop
    .fetch()(`${shop.url}${path}`, init)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'TerminalError', code: 'idempotency_key_reused' });
  expect((error as Error).message).toContain('Shop.charge');
  expect((error as Error).message).toContain(shop.key);
  expect(shop.received).toHaveLength(1);
  expect(await shop.effects()).toMatchObject([{ state: 'answered', attempts: 1 }]);
});

test('a key of the caller’s own is refused', async () => {
  const own = { ...post('5'), headers: { 'Idempotency-Key': 'mine' } };
  await expect(shop.fetch()(shop.url, own)).rejects.toMatchObject({
    name: 'TerminalError',
    code: 'idempotency_key_given',
  });
  expect(shop.received).toEqual([]);
  expect(await shop.effects()).toEqual([]);
});

test('no secret reaches the table', async () => {
  const token = 'T0k3nT0k3nT0k3nT0k3nT0k3n';
  const headers = { authorization: `Bearer ${token}`, cookie: `session=${token}` };
  const url = `${shop.url}/services/${token}/charges?key=${token}&${token}&currency=EUR`;
  await shop.fetch()(`${url}#${token}`, { ...post(`password=${token}`), headers });
  expect(`${shop.url}${shop.received[0]!.path}`).toBe(url);
  const [effect] = await shop.effects();
  expect(effect.url).toBe(`${shop.url}/services/T0k3nT…/charges?key=…&…&currency=…`);
  const rows = await shop.database.query('SELECT r::text AS row FROM holdfast.receipts r WHERE step_id = $1', [
    shop.stepId,
  ]);
  expect(rows[0].row).not.toContain(token);
});

test('names of things and a long path are shown, but not for ever', async () => {
  const id = '0198c0de-7a5b-7f00-8000-000000000001';
  await shop.fetch()(`${shop.url}/orders/${id}/${'long-'.repeat(1000)}`, post('5'));
  const [{ url }] = await shop.effects();
  expect(url.startsWith(`${shop.url}/orders/${id}/long-long-`)).toBe(true);
  expect(url).toHaveLength(2001);
});

test('a receipt that cannot be written keeps the request from leaving', async () => {
  const closed = openDatabase(shop.database.url, { max: 1, name: 'test' });
  await closed.destroy();
  await expect(shop.fetch({}, closed)(shop.url, post('5'))).rejects.toThrow('acquire a connection');
  expect(shop.received).toEqual([]);
});

test('a trace of the caller’s own is kept, and what fetch itself refuses stays refused', async () => {
  await shop.fetch()(shop.url, { headers: { traceparent: 'own' } });
  await shop.fetch({ traceparent: '' })(shop.url);
  expect(shop.received.map(({ headers }) => headers['traceparent'])).toEqual(['own', undefined]);
  for (const url of ['nowhere', 'http://user:password@127.0.0.1/', 'htps://127.0.0.1/'])
    await expect(shop.fetch()(url, post('5'))).rejects.toThrow(TypeError);
  expect(await shop.effects()).toEqual([]);
});
