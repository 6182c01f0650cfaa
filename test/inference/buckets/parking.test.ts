// A run whose call has to wait for room leaves memory, and goes on when there is some: without a further attempt.

import { generateText, streamText } from 'ai';
import { expect, test } from 'vitest';
import { model, step, workflow } from '../../../src/index.ts';
import { scriptedModel } from '../../../src/testing.ts';
import { serve } from '../../support/serve.ts';
import { until } from '../../support/until.ts';

const bodies = new Map<string, number>();

class Caller {
  @step({ retries: { attempts: 1 } })
  static async ask(name: string): Promise<string> {
    bodies.set(name, (bodies.get(name) ?? 0) + 1);
    return (await generateText({ model: model('small'), prompt: name, maxRetries: 0 })).text;
  }

  @step({ retries: { attempts: 1 } })
  static async stream(name: string): Promise<string> {
    return streamText({ model: model('small'), prompt: name, maxRetries: 0, onError: () => {} }).text;
  }

  @step()
  static async note(name: string): Promise<string> {
    bodies.set(name, (bodies.get(name) ?? 0) + 1);
    return name;
  }

  @workflow({ lane: 'calls' })
  static async call(name: string): Promise<string> {
    await Caller.note(`${name} before`);
    return Caller.ask(name);
  }

  @workflow({ lane: 'calls' })
  static async streamed(name: string): Promise<string> {
    return Caller.stream(name);
  }
}

const served = serve(
  {
    services: [Caller],
    lanes: { calls: { concurrency: 3 } },
    models: {
      endpoints: { slow: { model: scriptedModel(() => ({ text: 'Done.' })), rpm: 60 } },
      classes: { small: ['slow'] },
    },
  },
  { config: { engine: 'holdfast' } },
);

const begin = async (name: string, tenant = 'default'): Promise<string> => {
  const headers = { 'X-Tenant': tenant };
  return String((await served.call('POST', '/v1/workflows/Caller.call/runs', { body: name, headers })).body.id);
};
const read = async (id: string): Promise<Record<string, unknown>> => (await served.call('GET', `/v1/runs/${id}`)).body;

test('runs wait without memory and without a place in their lane, and all of them go on', async () => {
  const ids: string[] = [];
  // The bucket holds five.
  for (let n = 0; n < 9; n += 1) ids.push(await begin(`run ${n}`));
  const parked = await until('runs to be parked', async () => {
    const runs = await Promise.all(ids.map(read));
    return runs.filter(({ status }) => status === 'waiting').length >= 3 ? runs : undefined;
  });
  expect(parked.filter(({ status }) => status === 'succeeded').length).toBeGreaterThanOrEqual(5);
  for (const id of ids)
    expect((await served.call('GET', `/v1/runs/${id}/result?wait=20`)).body).toMatchObject({ result: 'Done.' });
  expect(await served.database.query('SELECT * FROM holdfast.attempts')).toEqual([]);
  for (let n = 0; n < 9; n += 1) expect(bodies.get(`run ${n} before`)).toBe(1);
  await until(
    'nothing to be left',
    async () => (await served.database.query('SELECT FROM holdfast.bucket_waits')).length === 0,
  );
});

test('a run that is cancelled while it waits leaves nothing behind', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 8; n += 1) ids.push(await begin(`cancelled ${n}`));
  const waiting = await until('a run to wait', async () => {
    for (const id of ids) if ((await read(id)).status === 'waiting') return id;
    return undefined;
  });
  await served.call('POST', `/v1/runs/${waiting}/cancel`);
  expect(await read(waiting)).toMatchObject({ status: 'cancelled' });
  for (const id of ids.filter((each) => each !== waiting))
    expect((await served.call('GET', `/v1/runs/${id}/result?wait=20`)).body).toMatchObject({ status: 'succeeded' });
  await until('its place to be gone', async () => {
    const rows = await served.database.query('SELECT FROM holdfast.bucket_waits WHERE run_id = $1', [waiting]);
    return rows.length === 0;
  });
});

test('a call that streams waits as well', async () => {
  const runs = await Promise.all(Array.from({ length: 7 }, () => served.run('Caller.streamed', 'stream')));
  expect(runs.map(({ result }) => result)).toEqual(runs.map(() => 'Done.'));
});
