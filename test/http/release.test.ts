import { expect, test } from 'vitest';
import { readEvents, type ReceivedEvent } from '../../src/cli/sse.ts';
import { RunSchema } from '../../src/http/contract.ts';
import { workflow } from '../../src/index.ts';
import { Shop } from '../support/apps/shop.ts';
import { heldRun } from '../support/hold.ts';
import { serve } from '../support/serve.ts';

class Mall {
  @workflow()
  static async visit(name: string): Promise<number> {
    return Shop.holds(name);
  }
}

const served = serve({ services: [Shop, Mall] });

const holds = (): Promise<unknown[]> => served.database.query('SELECT run_id FROM holdfast.held_runs');

test('a held run says why, and goes on when it is released', async () => {
  const id = await heldRun(served, 'four');
  const { body } = await served.call('GET', `/v1/runs/${id}`);
  expect(RunSchema.parse(body).held).toMatchObject({
    reason: 'nondeterminism',
    stepId: 0,
    expected: 'Shop.hold',
    found: 'Shop.hold',
  });
  expect(await served.call('GET', `/v1/runs/${id}/result`)).toMatchObject({ status: 202, body: { status: 'held' } });
  expect(await served.call('POST', `/v1/runs/${id}/release`)).toMatchObject({
    status: 200,
    body: { id, changed: true },
  });
  const ended = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(ended.body).toMatchObject({ status: 'succeeded', result: 4 });
  expect((await served.call('GET', `/v1/runs/${id}`)).body).toMatchObject({ held: null, recoveries: 0 });
});

test('what is not held is not released', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.order/runs', {
    body: { item: 'tea' },
    headers: { Prefer: 'wait=10' },
  });
  const answer = await served.call('POST', `/v1/runs/${String(body.id)}/release`);
  expect(answer).toMatchObject({ status: 409, body: { code: 'run_not_held', runId: body.id } });
  expect(String(answer.body.detail)).toContain('succeeded');
  expect(await served.call('POST', '/v1/runs/none/release')).toMatchObject({ status: 404 });
});

test('of many who release a run at once, one does', async () => {
  const id = await heldRun(served, 'raced');
  const answers = await Promise.all(Array.from({ length: 10 }, () => served.call('POST', `/v1/runs/${id}/release`)));
  expect(answers.filter(({ body }) => body.changed === true)).toHaveLength(1);
  for (const { status } of answers) expect([200, 409]).toContain(status);
  const ended = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(ended.body).toMatchObject({ status: 'succeeded', result: 5 });
});

test('a held run is cancelled like any other, with its parent too', async () => {
  const alone = await heldRun(served, 'alone');
  expect(await served.call('POST', `/v1/runs/${alone}/cancel`)).toMatchObject({
    body: { status: 'cancelled', changed: true },
  });
  expect((await served.call('GET', `/v1/runs/${alone}`)).body).toMatchObject({ held: null });
  let parent = '';
  const child = await heldRun(served, 'child', async () => {
    parent = String((await served.call('POST', '/v1/workflows/Mall.visit/runs', { body: 'child' })).body.id);
  });
  expect(await holds()).toEqual([{ run_id: child }]);
  await served.call('POST', `/v1/runs/${parent}/cancel`);
  expect((await served.call('GET', `/v1/runs/${child}`)).body).toMatchObject({ status: 'cancelled', held: null });
  expect(await holds()).toEqual([]);
});

test('a parent gets the result of a child that was held meanwhile', async () => {
  let parent = '';
  const child = await heldRun(served, 'sevenrs', async () => {
    parent = String((await served.call('POST', '/v1/workflows/Mall.visit/runs', { body: 'sevenrs' })).body.id);
  });
  expect((await served.call('GET', `/v1/runs/${parent}`)).body).toMatchObject({ status: 'running' });
  await served.call('POST', `/v1/runs/${child}/release`);
  const ended = await served.call('GET', `/v1/runs/${parent}/result?wait=20`);
  expect(ended.body).toMatchObject({ status: 'succeeded', result: 7 });
});

test('a follower hears that a run is held, and what comes after', async () => {
  const id = await heldRun(served, 'followed');
  const events: ReceivedEvent[] = [];
  const stream = readEvents((headers) => fetch(`${served.service.url}/v1/runs/${id}/events`, { headers }));
  for await (const event of stream) {
    events.push(event);
    if (event.data.status === 'held') await served.call('POST', `/v1/runs/${id}/release`);
  }
  const statuses = events.filter((event) => event.event === 'status').map((event) => event.data.status);
  expect(statuses[0]).toBe('held');
  expect(statuses.at(-1)).toBe('succeeded');
  expect(events.filter((event) => event.event === 'step').map((event) => event.data.name)).toEqual([
    'Shop.hold',
    'Shop.price',
  ]);
});
