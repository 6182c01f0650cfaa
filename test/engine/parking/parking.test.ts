// Runs that wait leave memory, and come back for what they wait for.

import { expect, test } from 'vitest';
import { db, parallel, progress, sleep, start, step, transaction, waitFor, workflow } from '../../../src/index.ts';
import { serve } from '../../support/serve.ts';
import { until } from '../../support/until.ts';

const bodies: Record<string, number> = {};
let finish: () => void = () => {};

class Waiter {
  @step()
  static async body(name: string): Promise<string> {
    bodies[name] = (bodies[name] ?? 0) + 1;
    return name;
  }

  @step()
  static async slow(name: string): Promise<string> {
    bodies[name] = (bodies[name] ?? 0) + 1;
    await new Promise<void>((resolve) => (finish = resolve));
    return name;
  }

  @workflow()
  static async message(name: string): Promise<unknown> {
    await Waiter.body(name);
    const message = await waitFor('go', { timeout: '1h' });
    return [message, await Waiter.body(`${name} after`)];
  }

  @workflow()
  static async timer(name: string): Promise<string> {
    await Waiter.body(name);
    await sleep('1500ms');
    return Waiter.body(`${name} after`);
  }

  @workflow()
  static async either(timeout: string): Promise<unknown> {
    return Promise.race([
      waitFor('a', { timeout: '1h' }),
      waitFor('b', { timeout: '1h' }),
      sleep(timeout).then(() => 'late'),
    ]);
  }

  @workflow()
  static async all(): Promise<unknown> {
    return Promise.all([waitFor('a'), waitFor('b')]);
  }

  @workflow()
  static async waitingAlready(): Promise<unknown> {
    await waitFor('go');
    return Promise.all([1, 2, 3].map(() => waitFor('a', { timeout: 0 })));
  }

  @workflow()
  static async branches(): Promise<unknown> {
    return parallel(['a', 'b', 'c'], async (topic) => {
      await Waiter.body(`branch ${topic}`);
      return [topic, await waitFor(topic)];
    });
  }

  @workflow()
  static async busy(name: string): Promise<unknown> {
    return Promise.all([Waiter.slow(name), waitFor('go')]);
  }

  @transaction()
  static async open(): Promise<string> {
    bodies.open = (bodies.open ?? 0) + 1;
    await db().raw('SELECT pg_sleep(0.6)');
    return 'committed';
  }

  @workflow()
  static async besideTransaction(): Promise<unknown> {
    return Promise.race([Waiter.open(), waitFor('never')]);
  }

  @workflow()
  static async parent(name: string): Promise<unknown> {
    const child = await start(Waiter.message, `${name} child`);
    await progress('asked');
    return ['from the child', await child.result()];
  }

  @workflow({ lane: 'other' })
  static async failing(): Promise<never> {
    await waitFor('go');
    throw new Error('It went.');
  }

  @workflow()
  static async parentOfFailing(): Promise<string> {
    return Waiter.failing().catch((error: Error) => `caught: ${error.message}`);
  }
}

const lanes = { default: { concurrency: 2 } };
const config = { engine: 'holdfast' as const };
const served = serve({ services: [Waiter], lanes }, { config });

async function begin(workflow: string, body?: unknown): Promise<string> {
  const { body: run } = await served.call('POST', `/v1/workflows/Waiter.${workflow}/runs`, { body });
  return String(run.id);
}

const read = async (id: string): Promise<Record<string, unknown>> => (await served.call('GET', `/v1/runs/${id}`)).body;
const parked = (id: string): Promise<unknown> =>
  until('the run to be parked', async () => (await read(id)).status === 'waiting');
const send = (id: string, topic: string, body: unknown): Promise<unknown> =>
  served.call('POST', `/v1/runs/${id}/messages/${topic}`, { body });
const result = async (id: string): Promise<unknown> => (await served.call('GET', `/v1/runs/${id}/result?wait=20`)).body;

test('a message wakes a run, and nothing that is recorded is done again', async () => {
  const id = await begin('message', 'm');
  await parked(id);
  await send(id, 'other', 'not this');
  await send(id, 'go', { news: 1 });
  expect(await result(id)).toMatchObject({ status: 'succeeded', result: [{ news: 1 }, 'm after'] });
  expect(await read(id)).toMatchObject({ recoveries: 0 });
  expect(bodies).toMatchObject({ m: 1, 'm after': 1 });
});

test('parked runs take no place in their lane', async () => {
  const ids = await Promise.all([1, 2, 3, 4, 5].map((n) => begin('message', `n${n}`)));
  for (const id of ids) await parked(id);
  for (const id of ids) await send(id, 'go', id);
  for (const [index, id] of ids.entries()) {
    expect(await result(id)).toMatchObject({ result: [id, `n${index + 1} after`] });
  }
});

test('time wakes a run when it has come', async () => {
  const startedAt = Date.now();
  const id = await begin('timer', 't');
  await parked(id);
  expect(await result(id)).toMatchObject({ result: 't after' });
  const took = Date.now() - startedAt;
  expect(took).toBeGreaterThanOrEqual(1480);
  expect(bodies).toMatchObject({ t: 1, 't after': 1 });
  const { body } = await served.call<{ items: { kind: string; durationMs: number }[] }>('GET', `/v1/runs/${id}/steps`);
  expect(body.items.find(({ kind }) => kind === 'timer')).toMatchObject({ durationMs: 1500 });
});

test.each([
  ['the first message of several', '1h', 'b', 'from b', 'from b'],
  ['the end of a wait beside a message', '1500ms', 'c', 'for nobody', 'late'],
])('%s wakes a run', async (_, timeout, topic, body, expected) => {
  const id = await begin('either', timeout);
  await parked(id);
  await send(id, topic, body);
  expect(await result(id)).toMatchObject({ result: expected });
});

test('a run that waits for several messages is parked again until all have come', async () => {
  const id = await begin('all');
  await parked(id);
  await send(id, 'b', 2);
  await until('the first message to be taken', async () => {
    const [{ n }] = await served.database.query(
      'SELECT count(*)::int AS n FROM dbos.notifications WHERE destination_uuid = $1 AND consumed',
      [id],
    );
    return n === 1;
  });
  await parked(id);
  await send(id, 'a', 1);
  expect(await result(id)).toMatchObject({ result: [1, 2] });
});

test('waits without patience get every message that is there already', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, () => begin('waitingAlready')));
  await Promise.all(
    ids.map(async (id) => {
      await Promise.all([1, 2].map((n) => send(id, 'a', n)));
      await send(id, 'go', {});
      const { result: messages } = (await result(id)) as { result: unknown[] };
      expect(new Set(messages)).toEqual(new Set([1, 2, null]));
    }),
  );
});

test('branches wait at the same time', async () => {
  const id = await begin('branches');
  await parked(id);
  for (const topic of ['c', 'a', 'b']) await send(id, topic, `for ${topic}`);
  expect(await result(id)).toMatchObject({
    result: [
      ['a', 'for a'],
      ['b', 'for b'],
      ['c', 'for c'],
    ],
  });
  expect(bodies).toMatchObject({ 'branch a': 1, 'branch b': 1, 'branch c': 1 });
});

test('a run with a body under way is not parked', async () => {
  const id = await begin('busy', 'busy');
  await until('the body', () => bodies.busy === 1);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(await read(id)).toMatchObject({ status: 'running' });
  finish();
  await parked(id);
  await send(id, 'go', 'gone');
  expect(await result(id)).toMatchObject({ result: ['busy', 'gone'] });
  expect(bodies.busy).toBe(1);
});

test('a run with a transaction under way is not parked', async () => {
  const id = await begin('besideTransaction');
  expect(await result(id)).toMatchObject({ result: 'committed' });
  expect(bodies.open).toBe(1);
  expect(await served.database.query('SELECT FROM dbos.transaction_completion')).toEqual([]);
});

test('the end of a child wakes its parent, and both are parked until then', async () => {
  const id = await begin('parent', 'p');
  await parked(id);
  const [{ child }] = await served.database.query('SELECT id AS child FROM holdfast.runs WHERE parent_id = $1', [id]);
  await parked(String(child));
  await send(String(child), 'go', 'hello');
  expect(await result(id)).toMatchObject({ result: ['from the child', ['hello', 'p child after']] });
});

test('the failure of a child wakes its parent, also from another lane', async () => {
  const id = await begin('parentOfFailing');
  await parked(id);
  const [{ child }] = await served.database.query('SELECT id AS child FROM holdfast.runs WHERE parent_id = $1', [id]);
  await send(String(child), 'go', '');
  expect(await result(id)).toMatchObject({ result: 'caught: It went.' });
});

test('a parked run can be cancelled, with those that wait for it', async () => {
  const id = await begin('parent', 'cancelled');
  await parked(id);
  await served.call('POST', `/v1/runs/${id}/cancel`);
  expect(await result(id)).toMatchObject({ status: 'cancelled' });
  const [{ status }] = await served.database.query('SELECT status FROM holdfast.runs WHERE parent_id = $1', [id]);
  expect(status).toBe('cancelled');
});

test('parked runs outlive the process', async () => {
  const ids = [await begin('message', 'outlive'), await begin('timer', 'outlive timer')];
  for (const id of ids) await parked(id);
  await served.restart();
  await send(ids[0]!, 'go', 'late');
  expect(await result(ids[0]!)).toMatchObject({ result: ['late', 'outlive after'] });
  expect(await result(ids[1]!)).toMatchObject({ result: 'outlive timer after' });
  expect(bodies).toMatchObject({ outlive: 1, 'outlive after': 1 });
});

test('a message that the database itself writes wakes the run', async () => {
  const id = await begin('message', 'sql');
  await parked(id);
  await served.database.query(
    `INSERT INTO dbos.notifications (destination_uuid, topic, message, serialization)
     VALUES ($1, 'go', '{"body":"from SQL"}', 'portable_json')`,
    [id],
  );
  expect(await result(id)).toMatchObject({ result: ['from SQL', 'sql after'] });
});

test('messages that arrive while runs are being parked are not lost', async () => {
  const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => begin('message', `race ${n}`)));
  await Promise.all(
    ids.map(async (id, index) => {
      await new Promise((resolve) => setTimeout(resolve, 60 + 4 * index));
      await send(id, 'go', index);
    }),
  );
  const results = await Promise.all(ids.map(result));
  expect(results).toMatchObject(ids.map((_, index) => ({ result: [index, `race ${index} after`] })));
  for (const index of ids.keys()) expect(bodies[`race ${index} after`]).toBe(1);
});
