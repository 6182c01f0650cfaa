import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { BODY_LIMIT_BYTES } from '../../src/http/middleware/body.ts';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Shop] });
const ORDER = '/v1/workflows/Shop.order/runs';

async function post(
  path: string,
  body: string,
  headers: Record<string, string> = { 'Content-Type': 'application/json' },
) {
  const response = await fetch(served.service.url + path, { method: 'POST', body, headers });
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test.each([
  ['text that is not JSON', ORDER, '{"item":', 400, 'invalid_json'],
  ['an unknown workflow', '/v1/workflows/Shop.nothing/runs', '{}', 404, 'workflow_not_found'],
  ['an unknown field', ORDER, '{"item":"a","size":1}', 422, 'invalid_input'],
  ['a wrong type', ORDER, '{"item":7}', 422, 'invalid_input'],
  ['a body of another shape', ORDER, '[1,2]', 422, 'invalid_input'],
  ['an unknown lane', `${ORDER}?lane=fast`, '{"item":"a"}', 400, 'lane_not_found'],
  ['an unknown option', `${ORDER}?color=red`, '{"item":"a"}', 400, 'invalid_query'],
  ['a delay that is none', `${ORDER}?delay=soon`, '{"item":"a"}', 400, 'invalid_query'],
  ['a negative priority', `${ORDER}?priority=-1`, '{"item":"a"}', 400, 'invalid_query'],
  [
    'nesting beyond reason',
    '/v1/workflows/Shop.holds/runs',
    '['.repeat(50_000) + ']'.repeat(50_000),
    422,
    'not_serializable',
  ],
  [
    'a key that would reach a prototype',
    '/v1/workflows/Shop.holds/runs',
    '{"__proto__":{"x":1}}',
    422,
    'not_serializable',
  ],
])('%s is refused with a problem document', async (_what, path, body, status, code) => {
  const answer = await post(path, body);
  expect(answer).toMatchObject({ status, body: { status, code, instance: path.split('?')[0] } });
  expect(String(answer.body.detail).length).toBeGreaterThan(10);
});

test('an absent body is refused by the field that is missing', async () => {
  const answer = await served.call('POST', ORDER);
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } });
});

test('the error names the field, and every wrong one', async () => {
  const { body } = await post(ORDER, '{"item":"","count":0,"a/b":1}');
  expect(body).toMatchObject({
    errors: [{ pointer: '/item' }, { pointer: '/count' }, { pointer: '/a~1b', detail: 'is not a field of this input' }],
  });
});

test('a body that is no JSON by its type, or is compressed, is refused', async () => {
  expect(await post(ORDER, 'item=tea', { 'Content-Type': 'application/x-www-form-urlencoded' })).toMatchObject({
    status: 415,
  });
  expect(await post(ORDER, 'x', { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })).toMatchObject({
    status: 415,
  });
});

test('too large a body is refused before it is read', async () => {
  const socket = connect(Number(new URL(served.service.url).port), '127.0.0.1');
  socket.write(
    `POST ${ORDER} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${BODY_LIMIT_BYTES + 1}\r\n\r\n{`,
  );
  const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
  socket.destroy();
  expect(answer).toContain('413 Payload Too Large');
  expect(answer).toContain('body_too_large');
});

test('what is not HTTP, and headers without end, are answered with a problem document', async () => {
  for (const [text, status] of [
    ['NONSENSE\r\n\r\n', '400'],
    [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, '431'],
  ] as const) {
    const socket = connect(Number(new URL(served.service.url).port), '127.0.0.1');
    socket.write(text);
    const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    socket.destroy();
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).toContain('application/problem+json');
  }
});

test('paths and methods that do not exist are said to', async () => {
  expect(await served.call('GET', '/v2/runs')).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
  expect(await served.call('DELETE', '/v1/runs')).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  expect(await served.call('PROPFIND', '/v1/runs')).toMatchObject({
    status: 501,
    body: { code: 'method_not_implemented', detail: 'This service does not know this method.' },
  });
  expect(await served.call('GET', '/v1/runs?cursor=abc')).toMatchObject({
    status: 400,
    body: { code: 'invalid_cursor' },
  });
  expect(await served.call('GET', '/v1/runs?limit=0')).toMatchObject({ status: 400, body: { code: 'invalid_query' } });
  expect(await served.call('GET', '/v1/runs', { headers: { 'X-Tenant': 'no spaces' } })).toMatchObject({ status: 400 });
});

test('nothing of what was refused is left in the database', async () => {
  expect(await served.database.query(`SELECT count(*)::int AS n FROM holdfast.runs`)).toEqual([{ n: 0 }]);
});

test('a method that a path does not take is answered with those that it takes', async () => {
  for (const [path, allowed] of [
    ['/v1/runs', 'HEAD, GET'],
    ['/v1/workflows/Any.thing/runs', 'POST'],
    ['/v1/runs/any', 'HEAD, GET'],
  ] as const) {
    const { status, headers } = await served.call('DELETE', path);
    expect([status, headers.get('allow'), headers.get('content-type')]).toEqual([
      405,
      allowed,
      'application/problem+json',
    ]);
  }
});
