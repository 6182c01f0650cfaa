import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../src/index.ts';
import { startService, type TestService } from '../../src/testing.ts';
import { createKey } from '../../src/admission/keys.ts';
import { Shop } from '../support/apps/shop.ts';

let service: TestService;

/** Sends what `fetch` would not let one send. */
function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; code: unknown }> {
  const { hostname, port } = new URL(service.url);
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; code: unknown }>();
  const sent = request({ hostname, port, method, path, headers }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (part: string) => (text += part));
    answer.on('end', () => {
      const isProblem = /problem\+json/.test(answer.headers['content-type'] ?? '');
      resolve({
        status: answer.statusCode!,
        code: isProblem ? (JSON.parse(text) as { code: unknown }).code : undefined,
      });
    });
  });
  sent.on('error', reject).end(body);
  return promise;
}

describe('without authentication', () => {
  beforeAll(async () => {
    const config = { publicUrl: 'https://holdfast.example/base' };
    service = await startService({ app: createApp({ services: [Shop] }), config });
  });
  afterAll(() => service.stop());

  test.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'xlocalhost',
  ])('a page that leads here by the name %s reaches nothing', async (host) => {
    for (const [method, path] of [
      ['GET', '/v1/runs'],
      ['POST', '/v1/workflows/Shop.order/runs'],
      ['GET', '/docs'],
    ] as const) {
      expect(await send(method, path, { host })).toEqual({ status: 421, code: 'host_not_allowed' });
    }
  });

  test.each([
    'localhost',
    'LOCALHOST:3000',
    'app.localhost:80',
    '127.0.0.1',
    '127.1.2.3:9',
    '[::1]:3000',
    'holdfast.example',
  ])('it goes by the name %s', async (host) => {
    expect(await send('GET', '/v1/runs', { host })).toMatchObject({ status: 200 });
  });

  test('pages of other sites change nothing, and links from them lead here', async () => {
    const host = new URL(service.url).host;
    const start = (headers: Record<string, string>) =>
      send('POST', '/v1/workflows/Shop.verbs/runs', { host, ...headers });
    const refused = { status: 403, code: 'cross_site_request' };
    expect(await start({ 'sec-fetch-site': 'cross-site' })).toEqual(refused);
    expect(await start({ 'sec-fetch-site': 'same-site' })).toEqual(refused);
    expect(await start({ origin: 'https://evil.example' })).toEqual(refused);
    expect(await start({ origin: 'null' })).toEqual(refused);
    expect(await start({ 'sec-fetch-site': 'same-origin', origin: `http://${host}` })).toMatchObject({ status: 202 });
    expect(await start({ origin: `http://${host}` })).toMatchObject({ status: 202 });
    expect(await start({})).toMatchObject({ status: 202 });
    expect(await send('GET', '/v1/runs', { host, 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 200 });
  });

  // Its page says `no-referrer`: then a browser calls its origin null, and on plain HTTP says nothing else of where it comes from.
  test('the form behind a link is taken, because its address is a secret', async () => {
    const headers = { host: 'holdfast.example', origin: 'null', 'content-type': 'application/x-www-form-urlencoded' };
    const form = `decision=approve&argumentsHash=${'f'.repeat(64)}`;
    expect(await send('POST', `/approve/${'A'.repeat(43)}`, headers, form)).toEqual({ status: 404, code: undefined });
    expect(await send('POST', `/approve/${'A'.repeat(43)}/x`, headers, form)).toMatchObject({ status: 403 });
    expect(await send('POST', `/approve/${'A'.repeat(43)}`, { ...headers, host: 'evil.example' }, form)).toMatchObject({
      status: 421,
    });
  });
});

describe('with authentication', () => {
  beforeAll(async () => {
    service = await startService({ app: createApp({ services: [Shop] }), config: { auth: 'keys' } });
  });
  afterAll(() => service.stop());

  test('the key counts, whatever name leads here', async () => {
    const { key } = await createKey(service.running.database.transactions, { tenant: 'a' });
    const headers = { host: 'any.example', authorization: `Bearer ${key}`, 'sec-fetch-site': 'cross-site' };
    expect(await send('GET', '/v1/runs', headers)).toMatchObject({ status: 200 });
  });
});
