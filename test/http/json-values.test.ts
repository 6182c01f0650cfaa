import { expect, test } from 'vitest';
import { Parcels } from '../support/apps/parcels.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Parcels] });
const ECHO = '/v1/workflows/Parcels.echo/runs';

async function post(path: string, body: string | Buffer<ArrayBuffer>, type = 'application/json') {
  const headers = { 'Content-Type': type, Prefer: 'wait=10' };
  const response = await fetch(served.service.url + path, { method: 'POST', body, headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function messagePath(): Promise<string> {
  const { body } = await served.call('POST', '/v1/workflows/Parcels.collect/runs', { body: 't' });
  return `/v1/runs/${String(body.id)}/messages/t`;
}

test.each([
  ['nesting beyond reason', '['.repeat(3000) + ']'.repeat(3000)],
  ['a key that would reach a prototype', '{"__proto__":1}'],
  ['a key that cannot be recorded', '{"constructor":{"a":1}}'],
])('%s is refused, in an input as in a message', async (_what, body) => {
  for (const path of [ECHO, await messagePath()])
    expect(await post(path, body)).toMatchObject({ status: 422, body: { code: 'not_serializable' } });
});

test.each(['1e999', '-1e999', '[{"a":[1,2e400]}]', '9'.repeat(400)])(
  'a number beyond all numbers (%#) is refused, in an input as in a message',
  async (body) => {
    for (const path of [ECHO, await messagePath()]) {
      const answer = await post(path, body);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
      expect(answer.body.detail).toContain('number');
    }
  },
);

test('the largest number and texts that look like larger ones are taken', async () => {
  const body = '{"n":[1.7976931348623157e308,-5e-324],"t":"1e999"}';
  expect(await post(ECHO, body)).toMatchObject({ status: 200, body: { result: { input: JSON.parse(body) } } });
});

test.each([
  ['a byte that begins nothing', Buffer.from([0x22, 0xff, 0x22])],
  ['half a character', Buffer.from([0x22, 0xc3, 0x22])],
  ['half of a surrogate pair', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
])('%s is no UTF-8 and is refused', async (_what, bytes) => {
  const answer = await post(ECHO, bytes);
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
  expect(answer.body.detail).toContain('UTF-8');
});

test('other character sets are refused; UTF-8 may be named', async () => {
  for (const charset of ['utf-16', 'iso-8859-1', 'nonsense'])
    expect(await post(ECHO, '"a"', `application/json; charset=${charset}`)).toMatchObject({
      status: 415,
      body: { code: 'unsupported_media_type' },
    });
  for (const charset of ['utf-8', 'UTF-8', '"utf8"', 'us-ascii'])
    expect(await post(ECHO, '"ü"', `application/json; charset=${charset}`)).toMatchObject({
      status: 200,
      body: { result: { input: 'ü' } },
    });
});
