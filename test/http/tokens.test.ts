import { generateText } from 'ai';
import { expect, test } from 'vitest';
import { model, step, workflow } from '../../src/index.ts';
import { follow } from '../support/follower.ts';
import { serve } from '../support/serve.ts';
import { speakingModel } from '../support/speaking-model.ts';
import { until } from '../support/until.ts';

class Poet {
  @workflow()
  static async write(subject: string): Promise<string> {
    return Poet.verse(subject);
  }

  @step({ retries: { attempts: 3, backoff: { initial: 1 } } })
  static async verse(prompt: string): Promise<string> {
    return (await generateText({ model: model('small', { stream: true }), prompt, maxRetries: 0 })).text;
  }
}

const poet = speakingModel();
let calls = 0;
const served = serve({ services: [Poet] }, { models: { model: () => poet.model } });

async function begin(subject = 'rain'): Promise<string> {
  return String((await served.call('POST', '/v1/workflows/Poet.write/runs', { body: subject })).body.id);
}

async function chunksOf(id: string): Promise<{ start: number; deltas: unknown }[]> {
  return served.database.query('SELECT start, deltas FROM holdfast.token_chunks WHERE run_id = $1 ORDER BY id', [id]);
}

test('a follower hears what a model says while it says it, and the step has the same', async () => {
  const id = await begin();
  const follower = follow(served.service.url, id);
  const speech = await poet.call(calls++);
  speech.say('It rains ');
  await until('the first words', () => follower.texts.get(0) === 'It rains ');
  speech.say('in Sète, ');
  speech.say('and 🌧');
  await until('more of them', () => follower.texts.get(0) === 'It rains in Sète, and 🌧');
  speech.say('.');
  speech.end();
  await follower.done;
  const { body } = await served.call('GET', `/v1/runs/${id}`);
  expect(body.result).toBe('It rains in Sète, and 🌧.');
  expect(follower.texts).toEqual(new Map([[0, 'It rains in Sète, and 🌧.']]));
  const names = follower.events.map(({ event }) => event);
  expect(names.indexOf('step')).toBe(names.lastIndexOf('token') + 1);
});

test('who comes late hears everything once, and it is one row by then', async () => {
  const id = await begin();
  const speech = await poet.call(calls++);
  for (const word of ['One ', 'two ', 'three']) {
    speech.say(word);
    const said = word;
    await until('the piece', async () => JSON.stringify(await chunksOf(id)).includes(said));
  }
  speech.end();
  await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(await chunksOf(id)).toEqual([{ start: 0, deltas: [[0, 'text', 'One two three']] }]);
  const late = follow(served.service.url, id);
  await late.done;
  expect(late.texts).toEqual(new Map([[0, 'One two three']]));
});

test('a follower who comes back goes on behind the last event, wherever it left', async () => {
  const id = await begin();
  const first = follow(served.service.url, id);
  const speech = await poet.call(calls++);
  let said = '';
  for (const word of ['Now ', 'and ', 'then ', 'again']) {
    speech.say(word);
    said += word;
    const whole = said;
    await until('the words', () => first.texts.get(0) === whole);
  }
  const places = [...first.events.keys()].map((n) => first.events.slice(0, n + 1));
  const during = places.map((seen) => follow(served.service.url, id, seen));
  await until('what is missing', () => during.every(({ texts }) => texts.get(0) === said));
  speech.end();
  const after = places.map((seen) => follow(served.service.url, id, seen));
  for (const { done, texts, events } of [first, ...during, ...after]) {
    await done;
    expect(texts).toEqual(new Map([[0, said]]));
    expect(events.map(({ event }) => event)).not.toContain('reset-step');
  }
});

test('what a failed attempt said does not count', async () => {
  const id = await begin();
  const follower = follow(served.service.url, id);
  const failing = await poet.call(calls++);
  failing.say('It snows');
  await until('the words', () => follower.texts.get(0) === 'It snows');
  failing.fail(new Error('The line is dead.'));
  await until('the end of the attempt', () => !follower.texts.has(0));
  const speech = await poet.call(calls++);
  speech.say('It rains');
  speech.end();
  await follower.done;
  expect(follower.texts).toEqual(new Map([[0, 'It rains']]));
  expect(follower.events.filter(({ event }) => event === 'reset-step').map(({ data }) => data)).toEqual([
    { stepId: 0 },
  ]);

  const first = follower.events.findIndex(({ event }) => event === 'token');
  const back = follow(served.service.url, id, follower.events.slice(0, first + 1));
  await back.done;
  expect(back.texts).toEqual(new Map([[0, 'It rains']]));
  expect(back.events[0]).toMatchObject({ event: 'reset-step' });
});

test('characters that the model says in halves come whole', async () => {
  const id = await begin();
  const follower = follow(served.service.url, id);
  const speech = await poet.call(calls++);
  const [first, second] = ['\ud83c', '\udf27'];
  speech.say(`Look: ${first}`);
  await until('what is whole', () => follower.texts.get(0) === 'Look: ');
  speech.say(`${second}!`);
  await until('the character', () => follower.texts.get(0) === 'Look: 🌧!');
  speech.say(`\0 and ${first}`);
  speech.end();
  await follower.done;
  const { body } = await served.call('GET', `/v1/runs/${id}`);
  expect(body.result).toBe('Look: 🌧!\ufffd and \ufffd');
  expect(follower.texts.get(0)).toBe(body.result);
});
