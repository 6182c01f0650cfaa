// An OpenAI-compatible endpoint through the AI SDK: text, tools, streams and structured output, also where JSON schemas
// are unknown.

import { generateText, isStepCount, Output, streamText, tool } from 'ai';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createModels } from '../../src/inference/registry/registry.ts';
import {
  type ChatRequest,
  type ModelServer,
  type ModelServerOptions,
  startModelServer,
} from '../../src/testing/model-server.ts';
import type { Script } from '../../src/testing/scripted-model.ts';

let server: ModelServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serving(script: Script<ChatRequest>, options: ModelServerOptions = {}) {
  server = await startModelServer(script, options);
  return createModels({ openai: { baseUrl: server.url, apiKey: 'sk-test', model: 'm-1' } }).model('small');
}

const schema = z.object({ city: z.string(), degrees: z.number().nullable() });
const output = Output.object({ schema });

test('a text with its usage', async () => {
  const model = await serving(
    [{ text: 'Ebb and flow.', usage: { inputTokens: 100, outputTokens: 4, cachedTokens: 60 } }],
    { apiKey: 'sk-test' },
  );
  const result = await generateText({ model, prompt: 'Tides?', maxRetries: 0 });
  expect(result.text).toBe('Ebb and flow.');
  expect(result.usage).toMatchObject({ inputTokens: 100, outputTokens: 4, inputTokenDetails: { cacheReadTokens: 60 } });
  expect(server!.requests[0]!.body).toMatchObject({ model: 'm-1', messages: [{ role: 'user', content: 'Tides?' }] });
});

test('tool calls', async () => {
  const model = await serving([{ toolCalls: [{ name: 'tide', args: { port: 'Oban' } }] }]);
  const tools = { tide: tool({ description: 'tide table', inputSchema: z.object({ port: z.string() }) }) };
  const result = await generateText({ model, prompt: 'Tide at Oban?', tools, maxRetries: 0, stopWhen: isStepCount(1) });
  expect(result.finishReason).toBe('tool-calls');
  expect(result.toolCalls).toMatchObject([{ toolName: 'tide', input: { port: 'Oban' } }]);
});

test('a stream of text ends with its usage', async () => {
  const model = await serving([{ text: 'one two three', usage: { inputTokens: 9, outputTokens: 3 } }]);
  const result = streamText({ model, prompt: 'Count.', maxRetries: 0 });
  const pieces: string[] = [];
  for await (const piece of result.textStream) pieces.push(piece);
  expect(pieces).toEqual(['one ', 'two ', 'three']);
  expect(await result.usage).toMatchObject({ inputTokens: 9, outputTokens: 3 });
});

test('structured output is asked for with a strict JSON schema', async () => {
  const model = await serving([{ json: { city: 'Oban', degrees: 11 } }]);
  const result = await generateText({ model, prompt: 'Where?', output, maxRetries: 0 });
  expect(result.output).toEqual({ city: 'Oban', degrees: 11 });
  expect(server!.requests[0]!.body.response_format).toMatchObject({
    type: 'json_schema',
    json_schema: { strict: true },
  });
});

test('a schema beyond the strict subset is not called strict', async () => {
  const model = await serving([{ json: { city: 'Oban' } }]);
  const loose = Output.object({ schema: z.object({ city: z.string(), note: z.string().optional() }) });
  await generateText({ model, prompt: 'Where?', output: loose, maxRetries: 0 });
  expect(server!.requests[0]!.body.response_format).toMatchObject({
    type: 'json_schema',
    json_schema: { strict: false },
  });
});

test('an endpoint without JSON schemas is asked with json_object and the schema in words, from then on at once', async () => {
  const model = await serving((request) =>
    request.response_format?.type === 'json_schema'
      ? { status: 400, error: "'response_format.json_schema' is not supported" }
      : { json: { city: 'Oban', degrees: null } },
  );
  const first = await generateText({ model, prompt: 'Where?', output, maxRetries: 0 });
  expect(first.output).toEqual({ city: 'Oban', degrees: null });
  expect(server!.requests.map(({ body }) => body.response_format?.type)).toEqual(['json_schema', 'json_object']);
  expect(JSON.stringify(server!.requests[1]!.body.messages[0])).toContain('degrees');
  await generateText({ model, prompt: 'Where?', output, maxRetries: 0 });
  expect(server!.requests.map(({ body }) => body.response_format?.type)).toEqual([
    'json_schema',
    'json_object',
    'json_object',
  ]);
});

test('an endpoint without any response format gets words only, and its JSON is found among others', async () => {
  const model = await serving((request) =>
    request.response_format
      ? { status: 400, error: 'Unknown field response_format' }
      : { text: '<think>Oban it is.</think>\nHere you are:\n```json\n{"city":"Oban","degrees":9}\n```' },
  );
  const result = await generateText({ model, prompt: 'Where?', output, maxRetries: 0 });
  expect(result.output).toEqual({ city: 'Oban', degrees: 9 });
  expect(server!.requests).toHaveLength(3);
});

test('streamed JSON falls back in the same way', async () => {
  const model = await serving((request) =>
    request.response_format?.type === 'json_schema'
      ? { status: 422, error: 'json_schema unsupported' }
      : { text: '```json\n{"city":"Oban","degrees":9}\n```' },
  );
  const result = streamText({ model, prompt: 'Where?', output, maxRetries: 0 });
  expect(await result.output).toEqual({ city: 'Oban', degrees: 9 });
});

test('a 400 for any other reason is not asked again', async () => {
  const model = await serving(() => ({ status: 400, error: 'context length exceeded' }));
  await expect(generateText({ model, prompt: 'Where?', output, maxRetries: 0 })).rejects.toMatchObject({
    code: 'model_context_exceeded',
  });
  expect(server!.requests).toHaveLength(1);
});
