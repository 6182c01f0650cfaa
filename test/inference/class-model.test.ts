// Calls of a class: what is counted for the endpoint's health, how long they may take, and models of other makes.

import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { generateText, streamText } from 'ai';
import { expect, test, vi } from 'vitest';
import { RetryableError } from '../../src/core/errors.ts';
import { appModels, type AppEndpoint, type ModelOptions } from '../../src/inference/registry/app-models.ts';
import { createModels, type Models } from '../../src/inference/registry/registry.ts';
import { scriptedModel, type Turn } from '../../src/testing.ts';
import { until } from '../support/until.ts';

function models(turns: Turn[], settings: Partial<AppEndpoint> = {}): Models {
  const deep = { model: scriptedModel(turns), ...settings };
  return createModels({ given: appModels({ endpoints: { deep }, classes: { big: ['deep'] } }) });
}

function health(of: Models): unknown {
  return of.view().endpoints.find(({ name }) => name === 'deep')!.health;
}

const prompt = { prompt: 'Hello.', maxRetries: 0 };

test('successes and failures are counted with their times', async () => {
  const served = models([{}, { status: 503 }, { text: 'Yes.' }]);
  expect(health(served)).toEqual({ state: 'unknown', calls: 0, failures: 0, lastSuccessAt: null, lastFailure: null });
  await generateText({ model: served.model('big'), ...prompt });
  await expect(generateText({ model: served.model('big'), ...prompt })).rejects.toMatchObject({
    code: 'model_unavailable',
  });
  expect(health(served)).toMatchObject({ state: 'failing', calls: 2, failures: 1 });
  await generateText({ model: served.model('big'), ...prompt });
  expect(health(served)).toEqual({
    state: 'ok',
    calls: 3,
    failures: 1,
    lastSuccessAt: expect.stringMatching(/^20.*Z$/),
    lastFailure: { at: expect.stringMatching(/^20.*Z$/), code: 'model_unavailable' },
  });
});

test('an endpoint that does not answer within its time is left, also when its model listens to no signal', async () => {
  const deaf: LanguageModelV4 = { ...scriptedModel([]), doGenerate: () => new Promise(() => {}) };
  const served = models([], { model: deaf, timeout: 20 });
  await expect(generateText({ model: served.model('big'), ...prompt })).rejects.toMatchObject({
    code: 'model_timeout',
    message: 'The endpoint deep did not answer within its time of 20 ms.',
  });
  expect(health(served)).toMatchObject({ failures: 1, lastFailure: { code: 'model_timeout' } });
});

test('a timer does not outlive its call', async () => {
  const served = models([{}, { status: 500 }], { timeout: '1h' });
  const { doGenerate } = served.model('big');
  const before = timers();
  await doGenerate({ prompt: [] });
  await Promise.resolve(doGenerate({ prompt: [] })).catch(() => {});
  expect(timers()).toBe(before);
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

test('who wants no answer any more does not make the endpoint ill, and whose time is up does', async () => {
  const hanging = scriptedModel([{ hang: true }, { hang: true }]);
  const served = models([], { model: hanging });
  for (const reason of [new Error('cancelled'), new RetryableError('step_timeout', 'Too long.')]) {
    const abort = new AbortController();
    const asking = hanging.calls.length;
    const asked = generateText({ model: served.model('big'), ...prompt, abortSignal: abort.signal });
    asked.catch(() => {});
    await until('the call', () => hanging.calls.length > asking);
    abort.abort(reason);
    await expect(asked).rejects.toThrow(reason);
  }
  expect(health(served)).toMatchObject({ calls: 1, failures: 1, lastFailure: { code: 'step_timeout' } });
});

test('a stream counts when it ends, and says which endpoint it came from', async () => {
  const served = models([{ text: 'One two three.' }]);
  const result = streamText({ model: served.model('big'), ...prompt });
  expect(await result.text).toBe('One two three.');
  expect((await result.providerMetadata)?.['holdfast']).toEqual({
    class: 'big',
    endpoint: 'deep',
    choice: { why: 'first' },
  });
  expect(health(served)).toMatchObject({ state: 'ok', calls: 1 });
});

test('a stream that breaks off is a failure, in the words of the runtime', async () => {
  const served = models([{ text: 'One two three.', cutAfterBytes: 4 }]);
  const { stream } = await served.model('big').doStream({ prompt: [] });
  const parts: LanguageModelV4StreamPart[] = [];
  const reading = (async () => {
    for await (const part of stream) parts.push(part);
  })();
  await expect(reading).rejects.toMatchObject({ code: 'model_unavailable' });
  expect(parts.some((part) => part.type === 'text-delta')).toBe(true);
  expect(health(served)).toMatchObject({ calls: 1, failures: 1 });
});

test('a reader that leaves a stream early is no failure', async () => {
  const served = models([{ text: 'One two three.' }]);
  const { stream } = await served.model('big').doStream({ prompt: [] });
  const reader = stream.getReader();
  await reader.read();
  await reader.cancel();
  expect(health(served)).toMatchObject({ calls: 0, failures: 0 });
});

test('models of an older specification are called like the others', async () => {
  const older = {
    specificationVersion: 'v2' as const,
    provider: 'older',
    modelId: 'old-1',
    supportedUrls: {},
    doGenerate: vi.fn(async () => ({
      content: [{ type: 'text' as const, text: 'Old.' }],
      finishReason: 'stop' as const,
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
      warnings: [],
    })),
    doStream: async () => {
      throw new Error('not asked for');
    },
  };
  const served = models([], { model: older });
  expect((await generateText({ model: served.model('big'), ...prompt })).text).toBe('Old.');
  expect(served.view().endpoints[1]).toMatchObject({ provider: 'older', model: 'old-1', baseUrl: null });
});

test('classes of an app stand beside the usual ones, and others are refused', () => {
  const served = models([]);
  expect(served.view().classes.map(({ name }) => name)).toEqual(['local', 'reasoning', 'small', 'big']);
  expect(served.model('small').provider).toBe('local');
  expect(() => served.model('bigger')).toThrow(expect.objectContaining({ code: 'model_class_unknown' }));
});

test.each([
  [{ endpoints: { deep: 'gpt-x' } }, /endpoints.deep must be a language model of the AI SDK/],
  [{ endpoints: { deep: null } }, /endpoints.deep must be a language model/],
  [{ endpoints: { '1': scriptedModel([]) } }, /endpoints.1 is no name/],
  [{ endpoints: { local: scriptedModel([]) } }, /endpoints.local has the name of the offline model/],
  [
    { endpoints: { a: { model: scriptedModel([]), rpm: 0, prise: 1 } } },
    /a.rpm must be .*; endpoints.a does not know prise/,
  ],
  [{ classes: { small: [] } }, /classes.small has no endpoints/],
  [{ classes: { '': ['local'] } }, /classes. is no name/],
])('%j is refused', (options, message) => {
  expect(() => appModels(options as ModelOptions)).toThrow(
    expect.objectContaining({ code: 'invalid_models', message: expect.stringMatching(message) }),
  );
});

test('a class of an app needs endpoints that somebody has', () => {
  const given = appModels({ classes: { big: ['deep'] } });
  expect(() => createModels({ given })).toThrow(
    expect.objectContaining({ code: 'models_invalid', message: expect.stringContaining('the endpoint deep') }),
  );
});
