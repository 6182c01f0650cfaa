import { expect, test } from 'vitest';
import { z } from 'zod';
import { agent, opening, tool } from '../../src/index.ts';
import { follow } from '../support/follower.ts';
import { serve } from '../support/serve.ts';
import { speakingModel } from '../support/speaking-model.ts';
import { until } from '../support/until.ts';

const Place = z.object({ place: z.string() });

class Guide {
  @tool({ effect: 'read', description: 'Looks at the sky', input: Place })
  static async look({ place }: z.output<typeof Place>): Promise<string> {
    return `Rain over ${place}.`;
  }

  @agent({ model: 'small', instructions: 'Tell of the weather.', tools: [Guide.look], stream: true })
  static async tell(place: string): Promise<string> {
    return opening(`How is the weather in ${place}?`);
  }

  @agent({ model: 'small', instructions: 'Tell of the weather.' })
  static async mutter(place: string): Promise<string> {
    return opening(`How is the weather in ${place}?`);
  }
}

const guide = speakingModel();
let calls = 0;
const served = serve({ services: [Guide] }, { models: { model: () => guide.model } });

async function begin(): Promise<string> {
  return String((await served.call('POST', '/v1/workflows/Guide.tell/runs', { body: 'Sète' })).body.id);
}

test('a follower hears each turn of an agent, thoughts too, and what is recorded is the same', async () => {
  const id = await begin();
  const follower = follow(served.service.url, id);
  const first = await guide.call(calls++);
  first.think('I should look. ');
  await until('the thought', () => follower.texts.get(0) === 'I should look. ');
  first.say('Let me see.');
  first.send({ type: 'tool-call', toolCallId: 'a', toolName: 'look', input: '{"place":"Sète"}' });
  first.end();
  const second = await guide.call(calls++);
  second.say('It ');
  await until('the second turn', () => [...follower.texts.values()].at(-1) === 'It ');
  second.say('rains.');
  second.end();
  await follower.done;
  const { body } = await served.call('GET', `/v1/runs/${id}`);
  expect(body.result).toBe('It rains.');
  expect([...follower.texts.values()]).toEqual(['I should look. Let me see.', 'It rains.']);
  const said = follower.events.filter(({ event }) => event === 'token').map(({ data }) => data);
  expect(said.slice(0, 2)).toEqual([
    { stepId: 0, part: 0, type: 'reasoning', delta: 'I should look. ' },
    { stepId: 0, part: 1, type: 'text', delta: 'Let me see.' },
  ]);

  const late = follow(served.service.url, id);
  await late.done;
  expect(late.texts).toEqual(follower.texts);
  const left = 'SELECT count(*)::int AS rows FROM holdfast.token_chunks WHERE run_id = $1';
  await until('the removal of the pieces', async () => (await served.database.query(left, [id]))[0].rows === 0);
  for (const n of follower.events.keys()) {
    const back = follow(served.service.url, id, follower.events.slice(0, n + 1));
    await back.done;
    expect(back.texts).toEqual(follower.texts);
    expect(back.events.map(({ event }) => event)).not.toContain('reset-step');
  }
});

test('parts that come at the same time are heard one after the other, as they are recorded', async () => {
  const id = await begin();
  const follower = follow(served.service.url, id);
  const speech = await guide.call(calls++);
  speech.say('One ', 'a');
  speech.say('three ', 'b');
  await until('the first part', () => follower.texts.get(0) === 'One ');
  speech.say('two ', 'a');
  speech.send({ type: 'text-end', id: 'a' });
  await until('the second part', () => follower.texts.get(0) === 'One two three ');
  speech.say('four', 'b');
  speech.end();
  await follower.done;
  expect(follower.texts.get(0)).toBe('One two three four');
  expect(follower.events.map(({ event }) => event)).not.toContain('reset-step');
});

test('an answer that breaks off is asked for again', async () => {
  const id = await begin();
  const follower = follow(served.service.url, id);
  const broken = await guide.call(calls++);
  broken.say('It sn');
  await until('the words', () => follower.texts.get(0) === 'It sn');
  broken.fail(new Error('The line is dead.'));
  const whole = await guide.call(calls++);
  whole.say('It rains.');
  whole.end();
  await follower.done;
  expect(follower.texts).toEqual(new Map([[0, 'It rains.']]));
  const { body } = await served.call('GET', `/v1/runs/${id}/steps`);
  expect(body.items).toMatchObject([{ name: 'model', attempts: 2, status: 'succeeded' }]);
});

test('a reader who does not read holds up nobody, and misses nothing', async () => {
  const id = await begin();
  const lazy = await fetch(`${served.service.url}/v1/runs/${id}/events`);
  const speech = await guide.call(calls++);
  const line = 'It rains, and rains, and rains. '.repeat(1000);
  for (let n = 0; n < 100; n += 1) speech.say(`${n} ${line}`);
  speech.end();
  const { body } = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(body.status).toBe('succeeded');
  const events = (await lazy.text()).split('\n\n').filter((block) => block.includes('\nevent: token\n'));
  const said = events.map((block) => (JSON.parse(/^data: (.*)$/m.exec(block)![1]!) as { delta: string }).delta);
  expect(said.join('')).toBe(body.result);
  expect(Math.max(...said.map((delta) => delta.length))).toBeLessThanOrEqual(16_000);
});

test('an agent that does not stream asks for whole answers', async () => {
  const run = await served.run('Guide.mutter', 'Sète');
  expect(run).toMatchObject({ status: 'failed', error: { code: 'not_streamed' } });
});
