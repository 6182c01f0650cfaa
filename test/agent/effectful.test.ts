import { dynamicTool, jsonSchema, tool as aiTool } from 'ai';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { agent, callTool, createApp, effectful, opening, type ToolContext, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { resultsBefore } from './support/desk.ts';
import { models, prepare } from './support/models.ts';

const City = z.object({ city: z.string() });

/** What the tools' bodies saw. */
const seen: Record<string, unknown>[] = [];
const undone: unknown[] = [];

const forecast = effectful(
  aiTool({
    description: 'Forecast the weather',
    inputSchema: City,
    execute: async ({ city }, { toolCallId, context }) => {
      const { runId, stepId, idempotencyKey } = context as unknown as ToolContext;
      seen.push({ city, toolCallId, runId, stepId, idempotencyKey });
      return { city, degrees: city.length };
    },
  }),
  { name: 'forecast', effect: 'read' },
);

const book = effectful(
  dynamicTool({
    description: 'Book a seat',
    inputSchema: jsonSchema({
      type: 'object',
      properties: { seat: { type: 'string', pattern: '^[A-F][0-9]$' } },
      required: ['seat'],
      additionalProperties: false,
    }),
    async *execute(args) {
      yield 'looking';
      yield `booked ${(args as { seat: string }).seat}`;
    },
  }),
  { name: 'book', effect: 'compensable', compensate: async (booked) => void undone.push(booked) },
);

class Travel {
  @agent({ model: 'traveller', instructions: 'Plan.', tools: [forecast, book] })
  static async plan(wish: string): Promise<string> {
    return opening(wish);
  }

  @workflow()
  static async weather(city: string): Promise<number> {
    return (await callTool(forecast, { city })).degrees;
  }
}

const served = serve({ services: [Travel] }, { models });
const call = (name: string, args: unknown) => ({ name, args });

test('a tool of the AI SDK is called as a step, with the surroundings of the call', async () => {
  const { traveller } = prepare({
    traveller: [{ toolCalls: [call('forecast', { city: 'Rome' }), call('book', { seat: 'A1' })] }, { text: 'Done.' }],
  });
  const run = await served.run('Travel.plan', 'To Rome.');
  expect(run).toMatchObject({ status: 'succeeded', result: 'Done.' });
  expect(resultsBefore(traveller!, 1).map(({ output }) => output.value)).toEqual([
    { city: 'Rome', degrees: 4 },
    'booked A1',
  ]);
  expect(seen).toEqual([
    { city: 'Rome', toolCallId: expect.any(String), runId: run.id, stepId: 1, idempotencyKey: seen[0]!.toolCallId },
  ]);
  const steps = await served.database.query('SELECT name FROM holdfast.steps WHERE run_id = $1 ORDER BY step_id', [
    run.id,
  ]);
  expect(steps).toEqual([{ name: 'model' }, { name: 'forecast' }, { name: 'book' }, { name: 'model' }]);
});

test('the model is told the schema as it was given, and arguments are checked with it', async () => {
  const { traveller } = prepare({
    traveller: [{ toolCalls: [call('book', { seat: 'Z9' })] }, { text: 'No seat.' }],
  });
  await served.run('Travel.plan', 'Sit.');
  expect(traveller!.calls[0]!.tools).toMatchObject([
    { name: 'forecast', description: 'Forecast the weather', inputSchema: { required: ['city'] } },
    { name: 'book', inputSchema: { properties: { seat: { pattern: '^[A-F][0-9]$' } } } },
  ]);
  expect(resultsBefore(traveller!, 1)[0]!.output.value).toMatchObject({ code: 'invalid_arguments' });
});

test('what it did is undone when the run fails', async () => {
  prepare({ traveller: [{ toolCalls: [call('book', { seat: 'B2' })] }, { status: 401 }] });
  expect(await served.run('Travel.plan', 'Sit, then fail.')).toMatchObject({ status: 'failed' });
  await until('the unwinding', async () => undone.length > 0);
  expect(undone).toEqual(['booked B2']);
});

test('workflows call it with callTool', async () => {
  expect(await served.run('Travel.weather', 'Oslo')).toMatchObject({ status: 'succeeded', result: 4 });
});

const plain = { description: 'x', inputSchema: City, execute: async () => 1 };

test.each([
  ['no execute', { ...plain, execute: undefined }, 'it has no execute'],
  ['a need of approval', { ...plain, needsApproval: true }, 'needsApproval is not looked at'],
  ['a schema of its context', { ...plain, contextSchema: City }, 'it has a contextSchema'],
  ['a description that is made up', { ...plain, description: () => 'x' }, 'its description is a function'],
  [
    'a validation of its own',
    { ...plain, inputSchema: jsonSchema({}, { validate: () => ({ success: true, value: 1 }) }) },
    'zod 4',
  ],
  ['another schema', { ...plain, inputSchema: { '~standard': { version: 1, vendor: 'valibot' } } }, 'zod 4'],
])('a tool with %s is refused', (_what, given, problem) => {
  expect(() => effectful(given as typeof plain, { name: 'x', effect: 'read' })).toThrow(problem);
});

test('two tools of one name are refused', () => {
  const [one, other] = [1, 2].map(() => effectful(plain, { name: 'same', effect: 'read' }));
  class Agents {
    @agent({ model: 'x', instructions: 'x', tools: [one!] })
    static async first(): Promise<string> {
      return opening('x');
    }

    @agent({ model: 'x', instructions: 'x', tools: [other!] })
    static async second(): Promise<string> {
      return opening('x');
    }
  }
  expect(() => createApp({ services: [Agents] })).toThrow("'same' is listed twice");
  expect(() => createApp({ services: [one!] })).not.toThrow();
});
