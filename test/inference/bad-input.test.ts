// What is asked and answered at the limits: long prompts, characters in pieces, keys that are missing.

import { generateText, streamText } from 'ai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createModels, type Models } from '../../src/inference/registry/registry.ts';
import { type ChatRequest, startModelServer, type ModelServer } from '../../src/testing/model-server.ts';
import { Notes, scopeOf } from './support/class.ts';
import { FaultyEndpoint } from './support/faulty-endpoint.ts';

const TEXT = 'Grüße, 世界! Ein 👩‍👩‍👧‍👦 und ein 🏳️‍🌈 – “fertig”.\u0000\u2028';
const endpoint = new FaultyEndpoint(TEXT);
let models: Models;

beforeAll(async () => {
  models = createModels({ openai: { baseUrl: await endpoint.listen(), model: 'm-1' } });
});

afterAll(async () => {
  await models?.close();
  await endpoint.close();
});

beforeEach(() => {
  endpoint.chunkBytes = 1_000_000;
});

test.each([1, 2, 3, 7])('characters that are cut into pieces of %i bytes come out whole', async (chunkBytes) => {
  endpoint.chunkBytes = chunkBytes;
  const result = streamText({ model: models.model('small'), prompt: TEXT, maxRetries: 0 });
  expect(await result.text).toBe(TEXT);
  const { text } = await generateText({ model: models.model('small'), prompt: TEXT, maxRetries: 0 });
  expect(text).toBe(TEXT);
});

test('a prompt of two megabytes is sent as it is, and reckoned at once', async () => {
  const prompt = 'Ünd '.repeat(500_000);
  const gate = new Notes();
  models.routing.gates = [gate];
  const begun = performance.now();
  const { text } = await generateText({ model: models.model('small', scopeOf('run-1')), prompt, maxRetries: 0 });
  expect(text).toBe(TEXT);
  expect(gate.planned[0]!.estimate.inputTokens).toBeGreaterThan(500_000);
  expect(performance.now() - begun).toBeLessThan(5000);
  models.routing.gates = [];
});

test('half of a character in a prompt is no reason to fail', async () => {
  const { text } = await generateText({ model: models.model('small'), prompt: 'broken \ud83d here', maxRetries: 0 });
  expect(text).toBe(TEXT);
});

test('a prompt that is too long for the model ends the step with a name', async () => {
  const limit = 100;
  const server: ModelServer = await startModelServer(({ messages }: ChatRequest) => {
    const length = JSON.stringify(messages).length;
    const error = `This model's maximum context length is ${limit} tokens. However, your messages have ${length}.`;
    return length > limit ? { status: 400, error } : {};
  });
  const small = createModels({ openai: { baseUrl: server.url, model: 'm-1' } });
  const secret = 'confidential '.repeat(20);
  const asked = generateText({ model: small.model('small'), prompt: secret, maxRetries: 0 });
  await expect(asked).rejects.toMatchObject({ code: 'model_context_exceeded', name: 'TerminalError' });
  await expect(asked).rejects.not.toThrow(/confidential/);
  expect(small.view().endpoints[1]).toMatchObject({ breaker: { state: 'closed' } });
  await Promise.all([small.close(), server.close()]);
});

test('an answer without numbers of tokens is reckoned by its length', async () => {
  const gate = new Notes();
  models.routing.gates = [gate];
  const usage = endpoint.usage;
  endpoint.usage = undefined;
  await generateText({ model: models.model('small'), prompt: 'Hello.', maxRetries: 0 });
  const stream = streamText({ model: models.model('small'), prompt: 'Hello.', maxRetries: 0 });
  await stream.text;
  endpoint.usage = usage;
  models.routing.gates = [];
  for (const end of gate.ends) expect(end).toMatchObject({ kind: 'answered', usage: { isEstimated: true } });
  const outputs = gate.ends.map((end) => end.kind === 'answered' && end.usage.outputTokens);
  expect(Math.min(...outputs.map(Number))).toBeGreaterThan(15);
});
