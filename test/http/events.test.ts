import { expect, test } from 'vitest';
import { readEvents, type ReceivedEvent } from '../../src/cli/sse.ts';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

const served = serve({ services: [Shop] });

async function follow(id: string, after?: string): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  for await (const event of readEvents((headers) =>
    open(id, { ...(after === undefined ? {} : { 'Last-Event-ID': after }), ...headers }),
  ))
    events.push(event);
  return events;
}

function open(id: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${served.service.url}/v1/runs/${id}/events`, { headers });
}

test('a follower sees every step and value once, and is told of the end', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.verbs/runs');
  const following = follow(String(body.id));
  await served.call('POST', `/v1/runs/${String(body.id)}/messages/greeting`, { body: { text: 'hi' } });
  const events = await following;
  const steps = events.filter((event) => event.event === 'step').map((event) => event.data);
  expect(steps.filter((step) => step.name === 'Shop.price')).toHaveLength(6);
  expect(events.filter((event) => event.event === 'progress').map((event) => event.data)).toEqual([
    { value: { heard: 'hi' } },
  ]);
  expect(events.at(-1)).toMatchObject({ event: 'status', data: { status: 'succeeded' } });
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
});

test('a follower who comes back sees what is new and nothing twice, wherever it left', async () => {
  const run = await served.call('POST', '/v1/workflows/Shop.verbs/runs');
  await served.call('POST', `/v1/runs/${String(run.body.id)}/messages/greeting`, { body: { text: 'hi' } });
  await served.call('GET', `/v1/runs/${String(run.body.id)}/result?wait=20`);
  const all = await follow(String(run.body.id));
  for (const [index, event] of all.entries()) {
    const rest = await follow(String(run.body.id), event.id);
    expect(rest.map(({ data }) => JSON.stringify(data))).toEqual(
      all.slice(index + 1).map(({ data }) => JSON.stringify(data)),
    );
  }
});

test('a position that no event had is refused', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'x' },
    headers: { Prefer: 'wait=9' },
  });
  for (const after of ['nonsense', '0-99999999999.0.', '5-3.0.', '-1.0.running']) {
    const answer = await served.call('GET', `/v1/runs/${String(body.id)}/events?after=${after}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_event_id' } });
  }
});

test('a stream ends when the service stops, and goes on after it is back', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.verbs/runs');
  const id = String(body.id);
  const response = await open(id, {});
  const reader = response.body!.getReader();
  await reader.read();
  const stopped = served.restart();
  await until('the end of the stream', async () => (await reader.read()).done);
  await stopped;
  const following = follow(id);
  await served.call('POST', `/v1/runs/${id}/messages/greeting`, { body: { text: 'again' } });
  expect((await following).at(-1)).toMatchObject({ data: { status: 'succeeded' } });
});
