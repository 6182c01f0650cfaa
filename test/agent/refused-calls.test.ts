import { expect, test } from 'vitest';
import { z } from 'zod';
import { createOpenAIModel } from '../../src/inference/models/openai.ts';
import { type ModelServer, startModelServer } from '../../src/testing.ts';
import { serve } from '../support/serve.ts';
import { Desk, desk, type DeskTool, models, prepare, resultsBefore } from './support/desk.ts';

const served = serve({ services: [Desk] }, { models });

const Refund = z.object({ orderId: z.string(), cents: z.int().positive() });
const refund: DeskTool = { name: 'refund', input: Refund, body: ({ orderId }) => ({ orderId, refunded: true }) };
const visit: DeskTool = {
  name: 'visit',
  input: z.object({ url: z.string().transform((text) => new URL(text)) }),
  body: () => 'Been there.',
};

const call = (name: string, args: unknown) => ({ name, args });

test('arguments that do not fit are refused by field, and nothing is called', async () => {
  const model = prepare(
    [
      { toolCalls: [call('refund', { orderId: 7, cents: -1 })] },
      { toolCalls: [call('refund', { orderId: 'o7', cents: 100 })] },
      { text: 'Refunded.' },
    ],
    [refund],
  );
  expect(await served.run('Desk.work', 'Refund 7.')).toMatchObject({ status: 'succeeded', result: 'Refunded.' });
  const { output } = resultsBefore(model, 1)[0]!;
  expect(output).toMatchObject({ type: 'error-json', value: { code: 'invalid_arguments' } });
  expect(output.value.message).toMatch(/'refund'.*\/orderId: .*string.*\/cents: .*Correct them/s);
  expect(desk.ran.map((ran) => ran.call)).toEqual(['refund({"orderId":"o7","cents":100})']);
});

test('a second refusal in a row asks for something else; a call that fits in between begins anew', async () => {
  const wrong = { toolCalls: [call('refund', {})] };
  const right = { toolCalls: [call('refund', { orderId: 'o1', cents: 1 })] };
  const model = prepare([wrong, wrong, right, wrong, { text: 'Well.' }], [refund]);
  expect(await served.run('Desk.work', 'Refund.')).toMatchObject({ result: 'Well.' });
  const messages = [1, 2, 4].map((n) => resultsBefore(model, n)[0]!.output.value.message as string);
  expect(messages.map((message) => /not the first time/.test(message))).toEqual([false, true, false]);
});

test('a tool that does not exist is refused with the names of those that do; the others of the turn are called', async () => {
  const model = prepare(
    [{ toolCalls: [call('fly', {}), call('refund', { orderId: 'o1', cents: 1 })] }, { text: 'Walked.' }],
    [refund, visit],
  );
  expect(await served.run('Desk.work', 'Fly.')).toMatchObject({ result: 'Walked.' });
  expect(resultsBefore(model, 1)).toMatchObject([
    { toolName: 'fly', output: { value: { code: 'unknown_tool', message: expect.stringContaining('refund, visit') } } },
    { toolName: 'refund', output: { value: { refunded: true } } },
  ]);
});

test('what a refinement throws about the arguments is a refusal; they reach the tool as the model wrote them', async () => {
  const model = prepare(
    [
      { toolCalls: [call('visit', { url: 'nowhere' }), call('visit', { url: 'https://example.org/' })] },
      { text: 'Seen.' },
    ],
    [visit],
  );
  expect(await served.run('Desk.work', 'Go.')).toMatchObject({ result: 'Seen.' });
  expect(resultsBefore(model, 1).map(({ output }) => output.type)).toEqual(['error-json', 'text']);
  expect(desk.ran.map((ran) => ran.call)).toEqual(['visit({"url":"https://example.org/"})']);
});

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

test.each([
  ['ten megabytes', { orderId: 'x'.repeat(10_000_000), cents: 1 }, 'characters'],
  ['keys that cannot be recorded', { constructor: 1 }, 'constructor'],
  ['hundreds of levels', { orderId: nested(600) }, 'nested deeper'],
])('arguments with %s are refused and not kept', async (_what, args, words) => {
  const model = prepare([{ toolCalls: [call('refund', args)] }, { text: 'Oh.' }], [refund]);
  const run = await served.run('Desk.work', 'Refund.');
  expect(run).toMatchObject({ status: 'succeeded', result: 'Oh.' });
  expect(resultsBefore(model, 1)[0]!.output.value).toMatchObject({
    code: 'invalid_arguments',
    message: expect.stringContaining(words),
  });
  const [{ bytes }] = await served.database.query(
    'SELECT sum(length(output))::int AS bytes FROM dbos.operation_outputs WHERE workflow_uuid = $1',
    [run.id],
  );
  expect(bytes).toBeLessThan(5000);
});

test('arguments that are no JSON are refused, also by way of a real endpoint', async () => {
  let asked = 0;
  const server: ModelServer = await startModelServer(() => {
    asked += 1;
    return asked === 1 ? { toolCalls: [call('refund', 'placeholder')] } : { text: 'Fine.' };
  });
  try {
    const model = createOpenAIModel({ baseUrl: server.url, model: 'stub' });
    const broken: typeof model = {
      ...model,
      async doGenerate(options) {
        const result = await model.doGenerate(options);
        const content = result.content.map((part) =>
          part.type === 'tool-call' ? { ...part, input: '{"orderId": "o1", ' } : part,
        );
        return { ...result, content };
      },
    };
    prepare([], [refund]);
    Object.assign(desk, { model: broken });
    expect(await served.run('Desk.work', 'Refund.')).toMatchObject({ status: 'succeeded', result: 'Fine.' });
    const told = server.requests[1]!.body.messages.at(-1)!;
    expect(told.role).toBe('tool');
    expect(told.content).toContain('not valid JSON');
  } finally {
    await server.close();
  }
});
