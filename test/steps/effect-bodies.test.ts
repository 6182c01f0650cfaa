import { expect, test } from 'vitest';
import { openShop, post } from '../support/shop-server.ts';

type Body = NonNullable<RequestInit['body']>;

const shop = openShop();

function form(): FormData {
  const data = new FormData();
  data.set('note', 'ä\0');
  data.set('file', new Blob([Uint8Array.of(0, 200, 255)]), 'a.bin');
  return data;
}

async function* chunks(): AsyncGenerator<string> {
  yield '5';
}

test('a body that can be read only once is refused', async () => {
  for (const body of [new Blob(['5']).stream(), chunks()]) {
    const init = { method: 'POST', body, duplex: 'half' } as unknown as RequestInit;
    await expect(shop.fetch()(shop.url, init)).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'request_not_repeatable',
    });
  }
  expect(shop.received).toEqual([]);
});

test('bodies of every other kind arrive, and are the same on each attempt', async () => {
  const bodies: (() => Body)[] = [
    () => 'ä\0',
    () => Uint8Array.of(0, 255),
    () => Buffer.from('buffer'),
    () => new URLSearchParams({ a: '1' }),
    () => new Blob(['blob'], { type: 'text/x-blob' }),
    form,
  ];
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const fetch = shop.fetch({ attempt });
    for (const body of bodies) await fetch(shop.url, post(body()));
    await fetch(new Request(shop.url, post(form())));
    await fetch(shop.url, { method: 'POST' });
  }
  const { received } = shop;
  expect((await shop.effects()).map(({ attempts }) => attempts)).toEqual(Array(8).fill(2));
  expect(received.slice(8).map(({ body }) => body)).toEqual(received.slice(0, 8).map(({ body }) => body));
  expect(received.slice(0, 3).map(({ body }) => body)).toEqual([
    Buffer.from('ä\0'),
    Buffer.of(0, 255),
    Buffer.from('buffer'),
  ]);
  const lengths = received.map(({ headers }) => headers['content-length']);
  expect(lengths).toEqual(received.map(({ body }) => `${body.length}`));
  const types = received.map(({ headers }) => headers['content-type']);
  expect(types[3]).toBe('application/x-www-form-urlencoded;charset=UTF-8');
  expect(types[4]).toBe('text/x-blob');
});

test('a form arrives as it was filled in', async () => {
  await shop.fetch()(shop.url, post(form()));
  const { headers, body } = shop.received[0]!;
  const parsed = await new Response(body, { headers: { 'content-type': headers['content-type']! } }).formData();
  expect(parsed.get('note')).toBe('ä\0');
  expect(new Uint8Array(await (parsed.get('file') as File).arrayBuffer())).toEqual(Uint8Array.of(0, 200, 255));
});

test('ten megabytes go out and come back', async () => {
  const text = JSON.stringify('x'.repeat(10_000_000));
  shop.answer = ({ body }, response) => {
    // In pieces, without saying beforehand how many.
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(body.subarray(0, 1000), () => response.end(body.subarray(1000)));
  };
  const response = await shop.fetch()(shop.url, post(text));
  expect(await shop.effects()).toMatchObject([{ state: 'answered', response_hash: null }]);
  expect((await response.text()) === text).toBe(true);
  expect(shop.received[0]!.body.length).toBe(text.length);
});

test('an answer that comes bit by bit is handed on as it comes', async () => {
  let finish = (): void => {};
  shop.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('one');
    finish = () => void response.end('two');
  };
  const response = await shop.fetch()(shop.url, post('5'));
  expect(await shop.effects()).toMatchObject([{ state: 'answered', status: 200, response_hash: null }]);
  finish();
  expect(await response.text()).toBe('onetwo');
});
