// Runs that were begun by one build of an agent, and are taken up by another one that would ask its model otherwise.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { engineOfTests } from '../../src/config.ts';
import {
  agent,
  type AgentOptions,
  createApp,
  opening,
  type Service,
  tool,
  waitFor,
  workflow,
} from '../../src/index.ts';
import { scriptedModel, type ScriptedModel, startService, type TestService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const Id = z.object({ id: z.string() });

/** What the tools of the builds do. */
const world = { isOpen: false, looks: 0, letters: 0 };

/** A build of the app: the same agent with other options. */
function build(options: Partial<AgentOptions>): Service {
  class Clerk {
    @tool({ effect: 'read', description: 'Look it up', input: Id })
    static async look({ id }: { id: string }): Promise<string> {
      world.looks += 1;
      while (!world.isOpen && id === 'slow') await new Promise((resolve) => setTimeout(resolve, 5));
      return `order ${id}`;
    }

    @tool({ effect: 'irreversible', acknowledged: 'letters are cheap', description: 'Write a letter', input: Id })
    static async letter({ id }: { id: string }): Promise<string> {
      world.letters += 1;
      return `wrote ${id}`;
    }

    @workflow({ description: 'Ask the customer', input: Id })
    static async ask(): Promise<unknown> {
      return waitFor('answer');
    }

    @agent({
      model: 'small',
      instructions: 'You help.',
      tools: () => [Clerk.look, Clerk.letter, Clerk.ask],
      ...options,
    })
    static async work(task: string): Promise<string> {
      return opening(task);
    }
  }
  return Clerk;
}

let database: TestDatabase;
let service: TestService;
let model: ScriptedModel;

beforeEach(async () => {
  Object.assign(world, { isOpen: false, looks: 0, letters: 0 });
  database = await freshDatabase('drift');
});

afterEach(async () => {
  world.isOpen = true;
  await service?.stop();
  await database?.drop();
});

async function deploy(options: Partial<AgentOptions> = {}, models?: Record<string, string>): Promise<void> {
  await service?.stop();
  service = await startService({
    app: createApp({ services: [build(options)] }),
    databaseUrl: database.url,
    config: { graceMs: 20 },
    models: { model: () => model, ...(models && { modelsOf: (name) => (models[name] ? [models[name]] : undefined) }) },
  });
}

const calls = (name: string, id: string) => ({ toolCalls: [{ name, args: { id } }] });

async function begin(script: Parameters<typeof scriptedModel>[0]): Promise<string> {
  model = scriptedModel(script, 'm-1');
  const { body } = await service.call('POST', '/v1/workflows/Clerk.work/runs', { body: 'Help.' });
  return String(body.id);
}

const ended = async (id: string) => (await service.call('GET', `/v1/runs/${id}/result?wait=20`)).body;
const shown = async (id: string) => (await service.call('GET', `/v1/runs/${id}`)).body;
const heldFor = (id: string) =>
  until('the hold', async () => {
    const { status, held } = await shown(id);
    return status === 'held' ? (held as { reason: string; stepId: number; message: string }) : undefined;
  });
const drifts = (id: string) => database.query('SELECT * FROM holdfast.drift WHERE run_id = $1 ORDER BY step_id', [id]);
const noted = (id: string, rows: number) =>
  until('the notes', async () => {
    const found = await drifts(id);
    return found.length === rows ? found : undefined;
  });
const childOf = async (id: string) =>
  (await database.query<{ id: string }>('SELECT id FROM holdfast.runs WHERE parent_id = $1', [id]))[0];
/** The SDK's own engine keeps runs that wait. */
const WAITING = new Set(['waiting', ...(engineOfTests().HOLDFAST_ENGINE === 'stock' ? ['running'] : [])]);
const systemOf = (n: number) => model.calls[n]!.prompt[0];

/** Begins a run that looks something up and then waits for its customer; returns once it is parked. */
async function parked(): Promise<string> {
  const id = await begin([calls('look', 'a'), calls('ask', 'a'), { text: 'Done.' }]);
  await until('the parking', async () => (await childOf(id)) && WAITING.has(String((await shown(id)).status)));
  return id;
}

async function answer(id: string): Promise<void> {
  const child = await childOf(id);
  await service.call('POST', `/v1/runs/${child!.id}/messages/answer`, { body: 'Yes.' });
}

test('a parked run that is woken by the same code has not drifted', async () => {
  await deploy({ drift: 'hold', version: '1' });
  const id = await parked();
  await deploy({ drift: 'hold', version: '1' }, { small: 'm-1' });
  await answer(id);
  expect(await ended(id)).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(await drifts(id)).toEqual([]);
  const { body } = await service.call<{ items: any[] }>('GET', `/v1/runs/${id}/steps`);
  expect(body.items[0]).toMatchObject({
    drift: null,
    output: { stepId: 0, fingerprint: { version: '1', model: { class: 'small', id: 'm-1' } } },
  });
});

test('a parked run that is woken by a build with another prompt goes on, and the timeline shows what has changed', async () => {
  await deploy();
  const id = await parked();
  await deploy({ instructions: 'You help in verse.', version: '2' });
  await answer(id);
  expect(await ended(id)).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(model.calls).toHaveLength(3);
  expect(systemOf(2)).toMatchObject({ content: 'You help in verse.' });
  expect(await noted(id, 2)).toMatchObject([
    { step_id: 0, agent: 'Clerk.work', parts: ['template'], policy: 'warn', outcome: 'went_on', accepted_at: null },
    { parts: ['template'] },
  ]);
  const { body } = await service.call<{ items: any[] }>('GET', `/v1/runs/${id}/steps`);
  const turns = body.items.filter(({ name }) => name === 'model');
  expect(turns[0].drift).toMatchObject({
    changed: [
      { part: 'template', recorded: turns[0].output.fingerprint.template, present: expect.stringMatching(/^2 \(/) },
    ],
    policy: 'warn',
    acceptedAt: null,
  });
  expect(turns[2].drift).toBeNull();
});

test('a change of tools, parameters, schema and model is named', async () => {
  await deploy({ drift: 'accept' });
  const id = await parked();
  await deploy({ drift: 'accept', tools: [], parameters: { temperature: 0 }, output: z.string() }, { small: 'm-2' });
  await answer(id);
  // The tool whose call comes next is gone: the run is held because of that.
  const [first] = await noted(id, 1);
  expect(first).toMatchObject({
    parts: ['model', 'parameters', 'schema', 'tools'],
    policy: 'accept',
    recorded: { model: { class: 'small', id: 'm-1' } },
    present: { model: { class: 'small', ids: ['m-2'] } },
  });
  expect(first.changed.map(({ name }: { name?: string }) => name ?? '')).toEqual(['ask', 'letter', 'look', '', '', '']);
});

test('a run is held for a person, whose release counts for all of its turns but not for the next change', async () => {
  await deploy({ drift: 'hold' });
  const id = await parked();
  await deploy({ drift: 'hold', instructions: 'You help twice.' });
  await answer(id);
  const held = await heldFor(id);
  expect(held).toMatchObject({ reason: 'drift', stepId: 0 });
  expect(held.message).toContain('template');
  expect(await drifts(id)).toMatchObject([{ outcome: 'held', accepted_at: null }]);

  await deploy({ drift: 'hold', instructions: 'You help three times.' });
  await service.call('POST', `/v1/runs/${id}/release`);
  await until('the second hold', async () => {
    const found = await drifts(id);
    return found.length === 2 && (await shown(id)).status === 'held';
  });

  await service.call('POST', `/v1/runs/${id}/release`);
  expect(await ended(id)).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(model.calls).toHaveLength(3);
  const { body } = await service.call<{ items: any[] }>('GET', `/v1/runs/${id}/steps`);
  expect(body.items[0].drift).toMatchObject({ policy: 'hold', acceptedAt: expect.any(String) });
});

test('what has only been read is asked again, from the first turn that has drifted', async () => {
  await deploy({ drift: 'rerun' });
  const id = await begin([calls('look', 'a'), calls('look', 'slow'), calls('look', 'b'), { text: 'In verse.' }]);
  await until('the slow look', () => world.looks === 2);
  await deploy({ drift: 'rerun', instructions: 'You help in verse.' });
  expect(await ended(id)).toMatchObject({ status: 'succeeded', result: 'In verse.' });
  expect(systemOf(2)).toMatchObject({ content: 'You help in verse.' });
  // The question of the first turn, and nothing of what was said after it.
  expect(model.calls[2]!.prompt.map(({ role }) => role)).toEqual(['system', 'user']);
  expect(await noted(id, 1)).toMatchObject([{ step_id: 0, policy: 'rerun', outcome: 'asked_again' }]);
  const { body } = await service.call<{ items: any[] }>('GET', `/v1/runs/${id}/transcript`);
  expect(body.items.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
});

test('a run that has acted is held instead of asked again, and goes on when it is released', async () => {
  await deploy({ drift: 'rerun' });
  const id = await begin([calls('letter', 'a'), calls('look', 'slow'), { text: 'Done.' }]);
  await until('the slow look', () => world.looks === 1);
  await deploy({ drift: 'rerun', instructions: 'You help in verse.' });
  const held = await heldFor(id);
  expect(held).toMatchObject({ reason: 'drift', stepId: 0, message: expect.stringContaining('Clerk.letter') });
  world.isOpen = true;
  await service.call('POST', `/v1/runs/${id}/release`);
  expect(await ended(id)).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(world.letters).toBe(1);
  expect(model.calls).toHaveLength(3);
});

test('builds that take turns at a run do not ask for ever', async () => {
  await deploy({ drift: 'rerun' });
  const id = await begin(Array(9).fill(calls('look', 'slow')));
  for (const round of [1, 2, 3]) {
    await until('the slow look', () => world.looks === round);
    await deploy({ drift: 'rerun', instructions: `Build ${round % 2}.` });
  }
  await until('the slow look', () => world.looks === 4);
  await deploy({ drift: 'rerun', instructions: 'Build 0.' });
  expect(await heldFor(id)).toMatchObject({ reason: 'drift', message: expect.stringContaining('3 times') });
  expect(model.calls).toHaveLength(4);
});
