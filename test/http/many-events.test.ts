import { expect, test } from 'vitest';
import { readEvents, type ReceivedEvent } from '../../src/cli/sse.ts';
import { HoldfastError } from '../../src/core/errors.ts';
import { Parcels } from '../support/apps/parcels.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Parcels] });
const STEPS = 2600;

function follow(id: string, after?: string): AsyncGenerator<ReceivedEvent> {
  const from: Record<string, string> = after === undefined ? {} : { 'Last-Event-ID': after };
  return readEvents(async (headers) => {
    const response = await fetch(`${served.service.url}/v1/runs/${id}/events`, { headers: { ...from, ...headers } });
    if (!response.ok) throw new HoldfastError('refused', await response.text());
    return response;
  });
}

async function all(id: string, after: string): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  for await (const event of follow(id, after)) events.push(event);
  return events;
}

function stepsOf(events: ReceivedEvent[]): Set<unknown> {
  return new Set(events.filter((event) => event.event === 'step').map((event) => event.data.stepId));
}

test('however the steps of a run end, the ids of its events stay short, and none of them loses an event', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Parcels.sort/runs', { body: STEPS });
  const id = String(body.id);
  const early: ReceivedEvent[] = [];
  let passed = 0;
  for await (const event of follow(id)) {
    early.push(event);
    if (event.event === 'step') passed += 1;
    if (passed === STEPS / 2) break;
  }
  Parcels.gate.resolve();
  const late = await all(id, early.at(-1)!.id);
  expect(stepsOf([...early, ...late]).size).toBe(STEPS);
  expect(late.at(-1)).toMatchObject({ event: 'status', data: { status: 'succeeded' } });
  expect(Math.max(...[...early, ...late].map((event) => event.id.length))).toBeLessThan(1100);

  for (const [at, exact] of [
    [0, true],
    [50, true],
    [500, false],
    [early.length - 1, false],
  ] as const) {
    const before = stepsOf(early.slice(0, at + 1));
    const rest = stepsOf(await all(id, early[at]!.id));
    expect(new Set([...before, ...rest]).size).toBe(STEPS);
    expect([...before].every((step) => !rest.has(step))).toBe(exact);
  }
});

test('an id that is longer than any that is sent is refused', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Parcels.echo/runs');
  const answer = await served.call('GET', `/v1/runs/${String(body.id)}/events?after=${'1'.repeat(3000)}`);
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_query' } });
});
