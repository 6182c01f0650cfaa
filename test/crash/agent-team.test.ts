// `kill -9` of an agent that has another agent work, and whose conversation is summarised: no child is begun twice, and what was recorded
// of a child or a summary is used.

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type CallResult,
  type ChatRequest,
  type ChildService,
  type CrashPoint,
  type ModelServer,
  startChild,
  startModelServer,
} from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { appPath, buildApps } from './support/apps.ts';

const TOPICS = ['bees', 'ants'];

let database: TestDatabase;
let model: ModelServer;

beforeAll(async () => {
  buildApps();
  database = await freshDatabase('crash');
  model = await startModelServer(answer);
});

afterAll(async () => {
  await model?.close();
  await database?.drop();
});

/** Researches one topic after the other; knows from results and summaries which ones are done. */
function answer({ messages }: ChatRequest) {
  const [system] = messages;
  const said = JSON.stringify(messages);
  if (String(system!.content).startsWith('Research'))
    return { text: `${/Research (\w+)/.exec(said)?.[1]}: ${'fact '.repeat(600)}` };
  const done = TOPICS.filter((topic) => said.includes(`${topic}: fact`) || said.includes(`knows of ${topic}`));
  if (String(system!.content).startsWith('You shorten')) return { text: `One knows of ${done.join(' and ')}.` };
  const next = TOPICS.find((topic) => !done.includes(topic));
  return next === undefined ? { text: 'All is known.' } : { toolCalls: [{ name: 'research', args: { topic: next } }] };
}

function start(crashAt?: CrashPoint): Promise<ChildService> {
  const env = { OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'stub' };
  return startChild({ app: appPath('team'), databaseUrl: database.url, crashAt, env });
}

function submit(service: ChildService, key: string): Promise<CallResult<Record<string, unknown>>> {
  const headers = { 'Idempotency-Key': key };
  return service.call('POST', '/v1/workflows/Team.lead/runs', { headers, body: 'Research bees and ants.' });
}

test.each<CrashPoint>([
  'after:model',
  'before:model#2',
  'after:model#2',
  'before:run',
  'after:model#3',
  'before:compact',
  'after:compact',
  'before:model#5',
])('killed %s', { timeout: 60_000 }, async (point) => {
  await using first = await start(point);
  await submit(first, point).catch(() => undefined);
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });

  await using second = await start();
  const { body: run } = await submit(second, point);
  const { body: ended } = await second.call('GET', `/v1/runs/${String(run.id)}/result?wait=30`);
  expect(ended).toMatchObject({ status: 'succeeded', result: 'All is known.' });
  const children = await database.query(
    'SELECT input, status FROM holdfast.runs WHERE parent_id = $1 ORDER BY created_at',
    [run.id],
  );
  expect(children).toEqual(TOPICS.map((topic) => ({ input: { topic }, status: 'succeeded' })));
  const steps = await database.query<{ name: string }>(
    `SELECT name FROM holdfast.steps WHERE run_id = $1 AND name IN ('model', 'compact') ORDER BY step_id`,
    [run.id],
  );
  expect(steps.map(({ name }) => name)).toEqual(['model', 'model', 'compact', 'model']);
  const { body: transcript } = await second.call<{ items: { role: string }[] }>(
    'GET',
    `/v1/runs/${String(run.id)}/transcript`,
  );
  expect(transcript.items.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
    'assistant',
    'tool',
    'assistant',
  ]);
});
