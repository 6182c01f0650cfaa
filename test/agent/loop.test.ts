import { expect, test } from 'vitest';
import { z } from 'zod';
import { TerminalError } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { askedWith, Desk, desk, type DeskTool, models, prepare, resultsBefore } from './support/desk.ts';

const served = serve({ services: [Desk] }, { models, config: { graceMs: 50 } });

const City = z.object({ city: z.string() });
const weather: DeskTool = { name: 'weather', input: City, body: ({ city }) => ({ city, degrees: city.length }) };
const letter: DeskTool = { name: 'letter', input: z.object({ to: z.string() }), body: ({ to }) => `Sent to ${to}.` };

const call = (name: string, args: unknown) => ({ name, args });

test('an agent without tools answers with one model call', async () => {
  const model = prepare([{ text: 'Forty-two.' }]);
  expect(await served.run('Desk.work', 'What is it?')).toMatchObject({ status: 'succeeded', result: 'Forty-two.' });
  expect(askedWith(model, 0)).toMatchObject([{ role: 'user', content: [{ type: 'text', text: 'What is it?' }] }]);
  expect(model.calls[0]!.prompt[0]).toMatchObject({ role: 'system', content: 'Work.' });
  expect(model.calls[0]!.tools ?? []).toEqual([]);
});

test('the model is told what the tools take, and gets their results in the order of its calls', async () => {
  const slow = Promise.withResolvers<void>();
  const tools: DeskTool[] = [
    { ...weather, body: async ({ city }) => (await slow.promise, { city }) },
    { ...letter, body: ({ to }) => (slow.resolve(), `Sent to ${to}.`) },
  ];
  const model = prepare(
    [{ toolCalls: [call('weather', { city: 'Rome' }), call('letter', { to: 'Ann' })] }, { text: 'Done.' }],
    tools,
  );
  expect(await served.run('Desk.work', 'Both, please.')).toMatchObject({ result: 'Done.' });
  expect(model.calls[0]!.tools).toMatchObject([
    { name: 'weather', description: 'Does weather.', inputSchema: { type: 'object', required: ['city'] } },
    { name: 'letter' },
  ]);
  expect(resultsBefore(model, 1)).toEqual([
    { toolName: 'weather', output: { type: 'json', value: { city: 'Rome' } } },
    { toolName: 'letter', output: { type: 'text', value: 'Sent to Ann.' } },
  ]);
  expect(new Set(desk.ran.map(({ stepId }) => stepId))).toEqual(new Set([2, 3]));
});

test('each message is recorded once', async () => {
  prepare(
    [
      { toolCalls: [call('weather', { city: 'Rome' })] },
      { toolCalls: [call('weather', { city: 'Bern' })] },
      { text: 'Enough.' },
    ],
    [weather],
  );
  const run = await served.run('Desk.work', 'The opening.');
  const rows = await served.database.query<{ text: string }>(
    'SELECT output::text AS text FROM holdfast.steps WHERE run_id = $1',
    [run.id],
  );
  const recorded = rows.map(({ text }) => text).join('\n');
  for (const once of ['The opening.', '"city": "Rome"}', '"city": "Bern"}', 'Enough.']) {
    expect(recorded.split(once), once).toHaveLength(2);
  }
});

test("a tool's failure is told to the model, with its code and message", async () => {
  const tools: DeskTool[] = [
    { ...weather, body: () => Promise.reject(new TerminalError('no_such_city', 'There is no Atlantis.')) },
    { ...letter, body: () => Promise.reject(new Error('The post is closed.')) },
  ];
  const model = prepare(
    [{ toolCalls: [call('weather', { city: 'Atlantis' }), call('letter', { to: 'Ann' })] }, { text: 'Sorry.' }],
    tools,
  );
  expect(await served.run('Desk.work', 'Try.')).toMatchObject({ status: 'succeeded', result: 'Sorry.' });
  expect(resultsBefore(model, 1).map(({ output }) => output)).toEqual([
    { type: 'error-json', value: { code: 'no_such_city', message: 'There is no Atlantis.' } },
    { type: 'error-json', value: { code: 'step_failed', message: 'The post is closed.' } },
  ]);
});

test('a recorded decision is used after a restart, and the model is not asked for it again', async () => {
  const reached = Promise.withResolvers<void>();
  let open = false;
  const stuck: DeskTool = {
    ...letter,
    body: ({ to }) => {
      if (open) return `Sent to ${to}.`;
      reached.resolve();
      return new Promise(() => {});
    },
  };
  const model = prepare(
    [{ toolCalls: [call('weather', { city: 'Oslo' }), call('letter', { to: 'Ann' })] }, { text: 'Done.' }],
    [weather, stuck],
  );
  const { body: run } = await served.call('POST', '/v1/workflows/Desk.work/runs', { body: 'Write.' });
  await reached.promise;
  await until('the other tool', async () => {
    const { body } = await served.call<{ items: { stepId: number }[] }>('GET', `/v1/runs/${String(run.id)}/steps`);
    return body.items.some(({ stepId }) => stepId === 2);
  });
  expect(model.calls).toHaveLength(1);
  open = true;
  await served.restart();
  const { body: ended } = await served.call('GET', `/v1/runs/${String(run.id)}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(model.calls).toHaveLength(2);
  // The order of calls that are made at the same time is nobody's business.
  expect(desk.ran.map((ran) => ran.call).sort()).toEqual([
    ...Array(2).fill('letter({"to":"Ann"})'),
    'weather({"city":"Oslo"})',
  ]);
  expect(new Set(desk.ran.map(({ stepId }) => stepId)).size).toBe(2);
  expect(resultsBefore(model, 1)).toMatchObject([{ toolName: 'weather' }, { output: { value: 'Sent to Ann.' } }]);
});

test('a cancelled run asks and calls nothing more, and the model hears nothing of it', async () => {
  const reached = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const slow: DeskTool = { ...weather, body: () => (reached.resolve(), release.promise) };
  const model = prepare([{ toolCalls: [call('weather', { city: 'Rome' })] }, { text: 'Never.' }], [slow]);
  const { body: run } = await served.call('POST', '/v1/workflows/Desk.work/runs', { body: 'Wait.' });
  await reached.promise;
  await served.call('POST', `/v1/runs/${String(run.id)}/cancel`);
  release.resolve();
  const { body: ended } = await served.call('GET', `/v1/runs/${String(run.id)}/result?wait=20`);
  expect(ended).toMatchObject({ status: 'cancelled' });
  prepare([{ text: 'Next.' }]);
  expect(await served.run('Desk.work', 'Another.')).toMatchObject({ result: 'Next.' });
  expect(model.calls).toHaveLength(1);
});

test('a model that is busy is asked again', async () => {
  const model = prepare([{ status: 503 }, { status: 429, retryAfter: 0 }, { text: 'Here.' }]);
  expect(await served.run('Desk.work', 'Hello?')).toMatchObject({ status: 'succeeded', result: 'Here.' });
  expect(model.calls).toHaveLength(3);
});

test('a model that refuses ends the run', async () => {
  const model = prepare([{ status: 401 }]);
  expect(await served.run('Desk.work', 'Hello?')).toMatchObject({
    status: 'failed',
    error: { code: 'model_auth_failed' },
  });
  expect(model.calls).toHaveLength(1);
});

test('results that are no plain JSON are told to the model as the views show them', async () => {
  const exotic = { at: new Date('2026-01-02T03:04:05Z'), n: 12n, none: undefined };
  const tools: DeskTool[] = [
    { ...weather, body: () => exotic },
    { ...letter, body: () => undefined },
  ];
  const model = prepare(
    [{ toolCalls: [call('weather', { city: 'Rome' }), call('letter', { to: 'Ann' })] }, { text: 'Seen.' }],
    tools,
  );
  expect(await served.run('Desk.work', 'Look.')).toMatchObject({ result: 'Seen.' });
  expect(resultsBefore(model, 1).map(({ output }) => output.value)).toEqual([
    { at: '2026-01-02T03:04:05.000Z', n: '12', none: null },
    null,
  ]);
});
