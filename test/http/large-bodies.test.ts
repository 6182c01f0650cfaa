import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { BODY_LIMIT_BYTES } from '../../src/http/middleware/body.ts';
import { Parcels } from '../support/apps/parcels.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const served = serve({ services: [Parcels] });
const ECHO = '/v1/workflows/Parcels.echo/runs';
/** A small value in as large a body as there may be. */
const LARGE = '"x"'.padEnd(BODY_LIMIT_BYTES);

let sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  // A new service has nothing in the works, while this one may not have heard yet that the sockets are gone.
  await served.restart();
});

/** Begins a request, and returns its socket once the service has said that it waits for the body. */
async function begin(path: string, headers: string): Promise<Socket> {
  const socket = connect(Number(new URL(served.service.url).port), '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n${headers}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

async function post(body: string) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(served.service.url + ECHO, { method: 'POST', body, headers });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

const TAKEN = { status: expect.toBeOneOf([200, 202]) };
const REFUSED = { status: 503, retryAfter: '2', body: { code: 'service_busy' } };

test('beyond two of the largest bodies at a time, large ones are asked to come again, and small ones are not', async () => {
  const first = await begin(ECHO, `Content-Length: ${BODY_LIMIT_BYTES}`);
  await begin(ECHO, `Content-Length: ${BODY_LIMIT_BYTES}`);
  expect(await post(LARGE)).toMatchObject(REFUSED);
  expect(await post(LARGE.slice(0, 100_000))).toMatchObject(REFUSED);
  expect(await post('"small"')).toMatchObject(TAKEN);
  expect(await served.call('GET', '/healthz')).toMatchObject({ status: 200 });
  first.destroy();
  await until('room for another', async () => (await post(LARGE)).status < 300, 50);
});

test('bodies of unknown length are counted as they come', async () => {
  await begin(ECHO, `Content-Length: ${BODY_LIMIT_BYTES}`);
  const unknown = await begin(ECHO, 'Transfer-Encoding: chunked');
  expect(await post(LARGE)).toMatchObject(TAKEN);
  const part = 'x'.repeat(20_000_000);
  unknown.write(`${part.length.toString(16)}\r\n${part}\r\n`);
  await until('the part to be counted', async () => (await post(LARGE)).status === 503, 50);
  const late = await begin(ECHO, 'Transfer-Encoding: chunked');
  const answer = new Promise<string>((resolve) => late.once('data', (data) => resolve(data.toString())));
  late.write(`${part.length.toString(16)}\r\n${part}\r\n`);
  expect(await answer).toMatch(/^HTTP\/1.1 503 [\s\S]*service_busy/);
});

test('whoever waits for the end of a run keeps no others from sending their bodies', async () => {
  const gone = new AbortController();
  const answers: Promise<unknown>[] = [];
  for (let n = 1; n <= 3; n += 1) {
    const sent = fetch(`${served.service.url}/v1/workflows/Parcels.ignore/runs`, {
      method: 'POST',
      body: LARGE,
      headers: { 'Content-Type': 'application/json', Prefer: 'wait=30' },
      signal: gone.signal,
    });
    answers.push(
      sent.then(
        ({ status }) => status,
        () => 'gone',
      ),
    );
    await until('the run to be recorded', async () => {
      const rows = await served.database.query(`SELECT FROM holdfast.runs WHERE workflow = 'Parcels.ignore'`);
      return rows.length === n;
    });
  }
  await until('room for another', async () => (await post(LARGE.slice(0, 100_000))).status < 300);
  gone.abort();
  expect(await Promise.all(answers)).toEqual(['gone', 'gone', 'gone']);
});

test('where no body belongs none is read', async () => {
  for (const path of ['/healthz', '/v1/runs', '/nowhere'])
    for (let n = 0; n < 3; n += 1) await begin(path, `Content-Length: ${BODY_LIMIT_BYTES}`);
  expect(await post(LARGE.slice(0, 100_000))).toMatchObject(TAKEN);
});
