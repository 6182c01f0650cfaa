import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/postgres/connection.ts';
import { deserted, listen, openShop, post } from '../support/shop-server.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';

const shop = openShop();

const unanswered = (): Promise<unknown> =>
  shop.database.query(
    `SELECT key, state, status, attempts FROM holdfast.effects WHERE run_id = 'run' AND step_id = $1 AND state = 'sent'
        AND accepted_at IS NULL ORDER BY ordinal, key`,
    [shop.stepId],
  );

test('a request whose answer never came is unknown, and is answered when it is sent again', async () => {
  shop.answer = (_request, response) => void response.destroy();
  await expect(shop.fetch()(shop.url, post('5'))).rejects.toThrow('fetch failed');
  expect(await unanswered()).toMatchObject([{ key: shop.key, state: 'sent', status: null }]);
  shop.answer = (_request, response) => void response.end();
  await shop.fetch()(shop.url, post('5'));
  expect(await unanswered()).toEqual([]);
  expect(shop.keys()).toEqual([shop.key, shop.key]);
});

test('a request that was given up on its way is unknown', async () => {
  const given = new AbortController();
  shop.answer = () => given.abort(new Error('The time is up.'));
  await expect(shop.fetch({ signal: given.signal })(shop.url, post('5'))).rejects.toThrow('The time is up.');
  expect(await shop.effects()).toMatchObject([{ state: 'sent' }]);
  const own = new AbortController();
  shop.answer = () => own.abort();
  await expect(shop.fetch()(new Request(shop.url, { ...post('5'), signal: own.signal }))).rejects.toThrow('aborted');
  expect(await shop.effects()).toMatchObject([{ state: 'sent', attempts: 2 }]);
});

test('a request that was given up beforehand leaves no receipt', async () => {
  const signal = AbortSignal.abort(new Error('The time is up.'));
  await expect(shop.fetch({ signal })(shop.url, post('5'))).rejects.toThrow('The time is up.');
  expect(await shop.effects()).toEqual([]);
  expect(shop.received).toEqual([]);
});

test('a request that is given up while its receipt is written is noted as one that never left', async () => {
  const given = new AbortController();
  shop.db.once('query', () => given.abort(new Error('The time is up.')));
  await expect(shop.fetch({ signal: given.signal })(shop.url, post('5'))).rejects.toThrow('The time is up.');
  expect(await shop.effects()).toMatchObject([{ state: 'unsent', attempts: 1 }]);
  expect(shop.received).toEqual([]);
});

test('a request that certainly never left is not unknown, unless an earlier attempt is', async () => {
  const url = await deserted();
  await expect(shop.fetch()(url, post('5'))).rejects.toThrow('fetch failed');
  expect(await shop.effects()).toMatchObject([{ state: 'unsent', attempts: 1 }]);
  const elsewhere = shop.fetch({ key: `${shop.key}-elsewhere` });
  await expect(elsewhere('http://no-such-host.invalid/', post('5'))).rejects.toThrow('fetch failed');
  await expect(elsewhere('http://127.0.0.1:25/', post('5'))).rejects.toThrow('fetch failed');
  expect((await shop.effects()).map(({ state }) => state)).toEqual(['unsent', 'unsent', 'unsent']);
  await shop.database.query(`UPDATE holdfast.receipts SET state = 'sent' WHERE key = $1`, [shop.key]);
  await expect(shop.fetch()(url, post('5'))).rejects.toThrow('fetch failed');
  expect(await unanswered()).toMatchObject([{ key: shop.key, attempts: 2 }]);
});

test('a redirect is followed', async () => {
  shop.answer = ({ path }, response) => {
    if (path === '/old') response.writeHead(308, { location: '/new' });
    if (path === '/form') response.writeHead(303, { location: '/done' });
    response.end(path);
  };
  const fetch = shop.fetch();
  expect(await (await fetch(`${shop.url}/old`, post('5'))).text()).toBe('/new');
  expect(await (await fetch(`${shop.url}/form`, post('5'))).text()).toBe('/done');
  expect((await fetch(`${shop.url}/old`, { ...post('5'), redirect: 'manual' })).status).toBe(308);
  expect(shop.received.map(({ method, path, body }) => [method, path, body.toString()])).toEqual([
    ['POST', '/old', '5'],
    ['POST', '/new', '5'],
    ['POST', '/form', '5'],
    ['GET', '/done', ''],
    ['POST', '/old', '5'],
  ]);
  expect((await shop.effects()).map(({ status }) => status)).toEqual([200, 200, 308]);
});

test('a redirect to where nobody is leaves the first request unknown, because that was received', async () => {
  const location = await deserted();
  shop.answer = (_request, response) => void response.writeHead(307, { location }).end();
  await expect(shop.fetch()(shop.url, post('5'))).rejects.toThrow('fetch failed');
  expect(await unanswered()).toMatchObject([{ key: shop.key, state: 'sent' }]);
});

test('a redirect to somebody else does not carry what lets one in', async () => {
  const other = createServer((request, response) => void shop.serve(request, response));
  const location = `${await listen(other)}/here`;
  shop.answer = ({ path }, response) => {
    if (path === '/away') response.writeHead(307, { location });
    response.end();
  };
  await shop.fetch()(`${shop.url}/away`, { ...post('5'), headers: { authorization: 'Bearer secret', 'x-own': '1' } });
  other.close();
  other.closeAllConnections();
  expect(shop.received[1]).toMatchObject({ path: '/here', headers: { 'x-own': '1', 'idempotency-key': shop.key } });
  expect(shop.received[1]!.headers.authorization).toBeUndefined();
});

test('an answer that breaks off is an answer', async () => {
  shop.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{', () => response.destroy());
  };
  const response = await shop.fetch()(shop.url, post('5'));
  expect(await shop.effects()).toMatchObject([{ state: 'answered', status: 200, response_hash: null }]);
  await expect(response.json()).rejects.toThrow();
});

test('an attempt that was overtaken by another does not get its answer', async () => {
  let release = (): void => {};
  const { promise: isThere, resolve: arrived } = Promise.withResolvers<void>();
  shop.answer = (_request, response) => {
    release = () => void response.end();
    arrived();
  };
  const failed = shop
    .fetch()(shop.url, post('5'))
    .catch((error: unknown) => error);
  await isThere;
  shop.answer = (_request, response) => void response.end();
  expect((await shop.fetch({ attempt: 2 })(shop.url, post('5'))).status).toBe(200);
  release();
  expect(await failed).toMatchObject({ name: 'RetryableError', code: 'effect_superseded' });
  expect(await shop.effects()).toMatchObject([{ state: 'answered', attempts: 2 }]);
});

test.each(['INSERT INTO holdfast.receipts', 'UPDATE holdfast.receipts'])(
  'a lost answer of the database to %s is asked for again, and the request is sent once',
  async (statement) => {
    const direct = new URL(shop.database.url);
    const proxy = await openTcpProxy(Number(direct.port));
    direct.port = `${proxy.port}`;
    const db = openDatabase(direct.href, { max: 1, name: 'test' });
    try {
      proxy.loseAnswerTo(statement);
      const response = await shop.fetch({}, db)(shop.url, post('5'));
      expect(response.status).toBe(201);
      expect(proxy.resets).toBe(1);
      expect(shop.received).toHaveLength(1);
      expect(await shop.effects()).toMatchObject([{ state: 'answered', status: 201, attempts: 1 }]);
    } finally {
      await db.destroy();
      proxy.close();
    }
  },
);
