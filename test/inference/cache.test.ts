// Answers that are given again, through steps and agents of a real service.

import { generateText, streamText } from 'ai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { agent, createApp, model, opening, step, workflow } from '../../src/index.ts';
import { scriptedModel, startService, type TestService, type Turn } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

type Asking = { prompt: string; ttl?: string; temperature?: number; sampled?: boolean; stream?: boolean };

/** What the endpoints answer, and how often they were asked. */
const world = { answers: [] as Turn[], asked: 0, failOnce: false };
const endpoint = (name: string) =>
  scriptedModel(() => {
    world.asked += 1;
    return world.answers.shift() ?? { text: `${name} ${world.asked}`, usage: { inputTokens: 11, outputTokens: 5 } };
  }, name);

class Desk {
  @workflow()
  static async ask(asking: Asking): Promise<unknown> {
    return Desk.answer(asking);
  }

  @step({ retries: { attempts: 2, backoff: { initial: 1 } } })
  static async answer({
    prompt,
    ttl = '1h',
    temperature = 0,
    sampled = false,
    stream = false,
  }: Asking): Promise<unknown> {
    const asked = { model: model('small', { cache: { ttl, sampled } }), prompt, temperature, maxRetries: 0 };
    const said = stream ? streamText({ ...asked, onError: () => {} }) : await generateText(asked);
    const [text, usage, metadata] = await Promise.all([said.text, said.usage, said.providerMetadata]);
    const result = { text, usage, choice: (metadata as any).holdfast.choice };
    if (world.failOnce) {
      world.failOnce = false;
      throw new Error('The answer does not do.');
    }
    return result;
  }

  @agent({ model: 'small', instructions: 'You answer.', parameters: { temperature: 0 }, cache: { ttl: '1h' } })
  static async talk(task: string): Promise<string> {
    return opening(task);
  }
}

let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  database = await freshDatabase('cache');
  await start('one');
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

beforeEach(async () => {
  Object.assign(world, { answers: [], asked: 0, failOnce: false });
  await database.query('DELETE FROM holdfast.model_answers');
});

async function start(name: string): Promise<void> {
  const models = {
    endpoints: { [name]: { model: endpoint(name), price: { input: 1, output: 2 } } },
    classes: { small: [name] },
  };
  service = await startService({ app: createApp({ services: [Desk], models }), databaseUrl: database.url });
}

async function run(workflow: string, body: unknown, tenant?: string): Promise<any> {
  const headers = { Prefer: 'wait=20', ...(tenant && { 'X-Tenant': tenant }) };
  return (await service.call('POST', `/v1/workflows/${workflow}/runs`, { body, headers })).body;
}

const ask = async (asking: Asking, tenant?: string) => (await run('Desk.ask', asking, tenant)).result;

test('the same question has the same answer, which costs nothing, and its call is recorded as answered from memory', async () => {
  const first = await ask({ prompt: 'Tide?' });
  const { id, result: second } = await run('Desk.ask', { prompt: 'Tide?' });
  expect(world.asked).toBe(1);
  expect(first).toMatchObject({ text: 'one 1', usage: { inputTokens: 11, outputTokens: 5 } });
  expect(second).toMatchObject({
    text: 'one 1',
    usage: { inputTokens: 0, outputTokens: 0 },
    choice: { cache: 'hit', saved: { inputTokens: 11, outputTokens: 5 } },
  });
  const calls = await database.query('SELECT * FROM holdfast.model_calls WHERE run_id = $1', [id]);
  expect(calls).toMatchObject([
    {
      step_id: 0,
      step: 'Desk.answer',
      workflow: 'Desk.ask',
      endpoint: 'one',
      model: 'one',
      state: 'settled',
      choice: { cache: 'hit' },
      input_tokens: 0,
      cost_usd: '0',
    },
  ]);
});

test.each<[string, Partial<Asking>]>([
  ['another prompt', { prompt: 'Moon?' }],
  ['other settings', { temperature: 0.5, sampled: true }],
])('%s is another question', async (_what, other) => {
  await ask({ prompt: 'Tide?' });
  await ask({ prompt: 'Tide?', ...other });
  expect(world.asked).toBe(2);
});

test('another tenant asks for itself', async () => {
  await ask({ prompt: 'Tide?' }, 'acme');
  await ask({ prompt: 'Tide?' }, 'globex');
  await ask({ prompt: 'Tide?' });
  expect(world.asked).toBe(3);
  await ask({ prompt: 'Tide?' }, 'acme');
  expect(world.asked).toBe(3);
  const kept = await database.query('SELECT tenant, key FROM holdfast.model_answers ORDER BY tenant');
  expect(kept.map(({ tenant }) => tenant)).toEqual(['acme', 'default', 'globex']);
  expect(new Set(kept.map(({ key }) => key))).toHaveLength(3);
});

test('an answer is given as long as it was kept for', async () => {
  await ask({ prompt: 'Tide?', ttl: '1h' });
  await database.query(`UPDATE holdfast.model_answers SET expires_at = expires_at - interval '61 minutes'`);
  await ask({ prompt: 'Tide?' });
  expect(world.asked).toBe(2);
  await ask({ prompt: 'Tide?' });
  expect(world.asked).toBe(2);
});

test('what a model may answer otherwise is refused, unless any answer will do', async () => {
  expect(await run('Desk.ask', { prompt: 'Tide?', temperature: 1 })).toMatchObject({
    status: 'failed',
    error: { code: 'cache_not_deterministic' },
  });
  await ask({ prompt: 'Tide?', temperature: 1, sampled: true });
  await ask({ prompt: 'Tide?', temperature: 1, sampled: true });
  expect(world.asked).toBe(1);
});

test.each<[string, Turn]>([
  ['a failure', { status: 400 }],
  ['an answer without words', { text: '' }],
])('%s is not kept', async (_what, turn) => {
  world.answers = [turn];
  await run('Desk.ask', { prompt: 'Tide?' });
  await ask({ prompt: 'Tide?' });
  await ask({ prompt: 'Tide?' });
  expect(world.asked).toBe(2);
});

test('a stream that is whole is kept, and half a stream is not', async () => {
  const text = 'High water is at noon in Oban.';
  world.answers = [{ text, cutAfterBytes: 12 }, { text: `${text} Twice.` }];
  const first = await ask({ prompt: 'Tide?', stream: true });
  expect(first).toMatchObject({ text: `${text} Twice.` });
  expect(world.asked).toBe(2);
  expect(await ask({ prompt: 'Tide?', stream: true })).toMatchObject({
    text: `${text} Twice.`,
    choice: { cache: 'hit' },
  });
  expect(await ask({ prompt: 'Tide?' })).toMatchObject({ text: `${text} Twice.`, usage: { outputTokens: 0 } });
  expect(world.asked).toBe(2);
});

test('a step that could do nothing with an answer is not given it again', async () => {
  await ask({ prompt: 'Tide?' });
  world.failOnce = true;
  expect(await ask({ prompt: 'Tide?' })).toMatchObject({ text: 'one 2', usage: { inputTokens: 11 } });
  expect(await ask({ prompt: 'Tide?' })).toMatchObject({ text: 'one 2', choice: { cache: 'hit' } });
});

test('what the database cannot hold is asked for each time', async () => {
  world.answers = [{ text: 'a\0b' }, { text: 'a\0b' }];
  await ask({ prompt: 'Tide?' });
  await ask({ prompt: 'Tide?' });
  expect(world.asked).toBe(2);
});

test('agents are answered turn by turn, and their records say so', async () => {
  world.answers = [{ text: 'At noon.', usage: { inputTokens: 20, outputTokens: 3 } }];
  expect(await run('Desk.talk', 'Tide?')).toMatchObject({ result: 'At noon.' });
  const { id, result } = await run('Desk.talk', 'Tide?');
  expect([result, world.asked]).toEqual(['At noon.', 1]);
  const { body } = await service.call<{ items: any[] }>('GET', `/v1/runs/${id}/steps`);
  expect(body.items[0].output).toMatchObject({
    isCached: true,
    endpoint: 'one',
    usage: { inputTokens: 0, outputTokens: 0 },
  });
});

test('each call records what it asked with: of an agent the same as its turn, of a step what can be told from the call', async () => {
  const fingerprints = async (id: string) =>
    (await database.query('SELECT fingerprint FROM holdfast.model_calls WHERE run_id = $1', [id])).map(
      (row) => row.fingerprint,
    );
  for (const made of ['asked', 'kept']) {
    const { id } = await run('Desk.talk', 'Tide?');
    const { body } = await service.call<{ items: any[] }>('GET', `/v1/runs/${id}/steps`);
    const { model: asked, ...own } = body.items[0].output.fingerprint;
    expect(await fingerprints(id), made).toEqual([own]);
    expect(asked).toEqual({ class: 'small', id: 'one' });
  }
  const [warm, cold] = [await run('Desk.ask', { prompt: 'Tide?' }), await run('Desk.ask', { prompt: 'Moon?' })];
  expect(await fingerprints(warm.id)).toMatchObject([{ template: expect.any(String), tools: {} }]);
  expect(await fingerprints(warm.id)).toEqual(await fingerprints(cold.id));
});

test('endpoints that are others now are asked', async () => {
  await ask({ prompt: 'Tide?' });
  await service.stop();
  await start('two');
  expect(await ask({ prompt: 'Tide?' })).toMatchObject({ text: 'two 2' });
  expect(world.asked).toBe(2);
});

test('an agent whose answers may be others each time cannot have a cache', () => {
  class Poet {
    @agent({ model: 'small', instructions: 'You rhyme.', cache: { ttl: '1h' } })
    static async rhyme(): Promise<string> {
      return opening('Rhyme.');
    }
  }
  expect(() => createApp({ services: [Poet] })).toThrow(expect.objectContaining({ code: 'invalid_agent' }));
});
