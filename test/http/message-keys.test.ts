import { expect, test } from 'vitest';
import { Parcels } from '../support/apps/parcels.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const served = serve({ services: [Parcels] });

async function collect(topic: string): Promise<string> {
  return String((await served.call('POST', '/v1/workflows/Parcels.collect/runs', { body: topic })).body.id);
}

function send(id: string, topic: string, body: unknown, key: string) {
  return served.call('POST', `/v1/runs/${id}/messages/${encodeURIComponent(topic)}`, {
    body,
    headers: { 'Idempotency-Key': key },
  });
}

async function outcome(id: string): Promise<unknown> {
  return (await served.call('GET', `/v1/runs/${id}/result?wait=20`)).body.result;
}

test('keys and topics with slashes are told apart', async () => {
  const id = await collect('a/b');
  expect(await send(id, 'a', 'other', 'b/c')).toMatchObject({ status: 202 });
  expect(await send(id, 'a/b', 'wanted', 'c')).toMatchObject({ status: 202 });
  expect(await outcome(id)).toEqual(['wanted']);
});

test('an empty key is refused, quoted or not', async () => {
  const id = await collect('t');
  for (const key of ['""', ' ', '" "'])
    expect(await send(id, 't', 1, key)).toMatchObject({ status: 400, body: { code: 'invalid_header' } });
  const start = await served.call('POST', '/v1/workflows/Parcels.echo/runs', { headers: { 'Idempotency-Key': '""' } });
  expect(start).toMatchObject({ status: 400, body: { code: 'invalid_header' } });
  await send(id, 't', 'end', 'k');
  expect(await outcome(id)).toEqual(['end']);
});

test('another message under the same key is refused, before and after the first was read', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Parcels.pair/runs?delay=300ms');
  const id = String(body.id);
  const repeat = async () => {
    expect(await send(id, 'first', { b: [2, -0], a: 1 }, '"k"')).toMatchObject({ status: 202 });
    expect(await send(id, 'first', { a: 1 }, 'k')).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused', runId: id },
    });
  };
  await send(id, 'first', { a: 1, b: [2, -0] }, 'k');
  await repeat();
  await until('the message to be read', async () => {
    const rows = await served.database.query(
      'SELECT FROM dbos.notifications WHERE destination_uuid = $1 AND consumed',
      [id],
    );
    return rows.length === 1;
  });
  await repeat();
  expect(await send(id, 'second', { a: 1 }, 'k')).toMatchObject({ status: 202 });
  expect(await outcome(id)).toEqual([{ a: 1, b: [2, 0] }, { a: 1 }]);
});

test('of many messages at once under one key one is kept, and the others are told', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Parcels.pair/runs');
  const id = String(body.id);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => send(id, 'first', n, 'k')));
  const kept = answers.findIndex(({ status }) => status === 202);
  expect(answers.map(({ status }) => status)).toEqual(answers.map((_, n) => (n === kept ? 202 : 422)));
  await send(id, 'second', 'end', 'k');
  expect(await outcome(id)).toEqual([kept, 'end']);
});
