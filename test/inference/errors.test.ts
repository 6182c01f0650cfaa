// What the runtime is told to do about each way in which a model call can fail, with a real server behind real HTTP.

import { APICallError, generateText, Output, RetryError, streamText } from 'ai';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { HoldfastError, InvalidInput, RetryableError, TerminalError } from '../../src/core/errors.ts';
import { classifyModelError } from '../../src/inference/errors/errors.ts';
import { createModels } from '../../src/inference/registry/registry.ts';
import { type ModelServer, startModelServer } from '../../src/testing/model-server.ts';
import type { Turn } from '../../src/testing/scripted-model.ts';

const secret = 'sk-very-secret';
const prompt = 'the confidential prompt';
let server: ModelServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function failureOf(turn: Turn, call: { output?: any; abortSignal?: AbortSignal } = {}): Promise<HoldfastError> {
  server = await startModelServer([turn], { apiKey: secret });
  const model = createModels({ openai: { baseUrl: server.url, apiKey: secret, model: 'm-1' } }).model('small');
  try {
    await generateText({ model, prompt, maxRetries: 0, ...call });
  } catch (error) {
    return classifyModelError(error, { model: 'm-1', endpoint: server.url });
  }
  throw new Error('the call did not fail');
}

test.each<[string, Turn, typeof RetryableError | typeof TerminalError, string, number | undefined]>([
  ['429 with seconds', { status: 429, retryAfter: 7 }, RetryableError, 'model_rate_limited', 7000],
  ['429 without a header', { status: 429 }, RetryableError, 'model_rate_limited', undefined],
  ['503', { status: 503, retryAfter: 2 }, RetryableError, 'model_unavailable', 2000],
  ['500', { status: 500 }, RetryableError, 'model_unavailable', undefined],
  ['408', { status: 408 }, RetryableError, 'model_unavailable', undefined],
  ['409', { status: 409 }, RetryableError, 'model_unavailable', undefined],
  ['a reset connection', { reset: true }, RetryableError, 'model_unavailable', undefined],
  [
    'a half-closed stream',
    { text: 'a long answer', cutAfterBytes: 40 },
    RetryableError,
    'model_unavailable',
    undefined,
  ],
  ['400', { status: 400 }, TerminalError, 'model_refused', undefined],
  ['401', { status: 401 }, TerminalError, 'model_auth_failed', undefined],
  ['404', { status: 404 }, TerminalError, 'model_not_found', undefined],
])('%s', async (_name, turn, type, code, wait) => {
  const error = await failureOf(turn);
  expect(error).toBeInstanceOf(type);
  expect(error.code).toBe(code);
  expect((error as RetryableError).retryAfterMs).toBe(wait);
  expect(error.message).toContain('m-1');
  expect(error.message).toContain(new URL(server!.url).host);
});

test('an answer that is not the JSON that was asked for may be better next time', async () => {
  const error = await failureOf(
    { text: 'I would rather not.' },
    { output: Output.object({ schema: z.object({ a: z.number() }) }) },
  );
  expect(error).toBeInstanceOf(RetryableError);
  expect(error.code).toBe('model_output_invalid');
});

test('no answer within the time given', async () => {
  const error = await failureOf({ hang: true }, { abortSignal: AbortSignal.timeout(50) });
  expect(error).toBeInstanceOf(RetryableError);
  expect(error.code).toBe('model_timeout');
});

test('a caller that gives up', async () => {
  const controller = new AbortController();
  const failure = failureOf({ hang: true }, { abortSignal: controller.signal });
  await expect.poll(() => server?.requests.length).toBe(1);
  controller.abort();
  expect((await failure).code).toBe('model_aborted');
});

test('nobody listens at the endpoint', async () => {
  const gone = await startModelServer([]);
  await gone.close();
  const model = createModels({ openai: { baseUrl: gone.url, model: 'm-1' } }).model('small');
  const error = classifyModelError(
    await generateText({ model, prompt, maxRetries: 0 }).catch((reason: unknown) => reason),
  );
  expect(error).toBeInstanceOf(RetryableError);
  expect(error.code).toBe('model_unavailable');
  expect(error.message).toContain('ECONNREFUSED');
});

test('neither the key nor the prompt is told to anybody', async () => {
  for (const turn of [{ status: 401 }, { status: 500 }, { reset: true }, { text: 'no', cutAfterBytes: 5 }]) {
    const error = await failureOf(turn);
    const told = JSON.stringify({
      message: error.message,
      details: error.details,
      cause: String(error.cause),
      stack: error.stack,
    });
    expect(told).not.toContain(secret);
    expect(told).not.toContain(prompt);
    await server?.close();
  }
});

test('a stream that breaks off', async () => {
  server = await startModelServer([{ text: 'one two three four', cutAfterBytes: 400 }]);
  const model = createModels({ openai: { baseUrl: server.url, model: 'm-1' } }).model('small');
  const failure = await (async () => {
    for await (const _piece of streamText({ model, prompt, maxRetries: 0 }).textStream);
    return undefined;
  })().catch((reason: unknown) => reason);
  const error = classifyModelError(failure, { model: 'm-1', endpoint: server.url });
  expect(error).toBeInstanceOf(RetryableError);
  expect(error.code).toBe('model_unavailable');
});

test('retries of the SDK are looked through, and errors of Holdfast come back as they are', () => {
  const errors = [
    new APICallError({ message: 'x', url: 'http://a.example/v1', requestBodyValues: {}, statusCode: 429 }),
  ];
  const wrapped = new RetryError({ message: 'gave up', reason: 'maxRetriesExceeded', errors });
  expect(classifyModelError(wrapped).code).toBe('model_rate_limited');
  const own = new InvalidInput('some_code', 'Some message.');
  expect(classifyModelError(own)).toBe(own);
});

test('something unknown is worth another attempt', () => {
  const error = classifyModelError(new Error('who knows'), { model: 'm-1' });
  expect(error).toBeInstanceOf(RetryableError);
  expect(error.code).toBe('model_failed');
  expect(error.message).toBe('The call to Model m-1 failed (Error).');
});
