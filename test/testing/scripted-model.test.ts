// The in-process scripted model: answers, tools, faults and what it remembers of its calls.

import { APICallError, generateText, isStepCount, Output, streamText, tool } from 'ai';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { classifyModelError } from '../../src/inference/errors/errors.ts';
import { scriptedModel } from '../../src/testing/scripted-model.ts';

const ask = { prompt: 'Tides?', maxRetries: 0 };

test('turns are answered in order and calls are remembered', async () => {
  const model = scriptedModel([
    { text: 'Ebb.' },
    { text: 'Flow.', usage: { inputTokens: 7, outputTokens: 2, cachedTokens: 3 } },
  ]);
  expect((await generateText({ model, ...ask })).text).toBe('Ebb.');
  const second = await generateText({ model, ...ask, prompt: 'And then?' });
  expect(second.text).toBe('Flow.');
  expect(second.usage).toMatchObject({
    inputTokens: 7,
    outputTokens: 2,
    inputTokenDetails: { cacheReadTokens: 3, noCacheTokens: 4 },
  });
  expect(model.calls).toHaveLength(2);
  expect(JSON.stringify(model.calls[1]!.prompt)).toContain('And then?');
});

test('a script may be a function of the call and its number', async () => {
  const model = scriptedModel((call, n) => ({ text: `${n}: ${call.prompt.length}` }));
  await generateText({ model, ...ask });
  expect((await generateText({ model, ...ask, instructions: 'Be brief.' })).text).toBe('1: 2');
});

test('one call too many is told at once', async () => {
  await expect(generateText({ model: scriptedModel([]), ...ask })).rejects.toMatchObject({ code: 'script_exhausted' });
});

test('tool calls, given or generated ids', async () => {
  const model = scriptedModel([
    {
      toolCalls: [
        { name: 'tide', args: { port: 'Oban' } },
        { id: 'mine', name: 'tide', args: { port: 'Leith' } },
      ],
    },
  ]);
  const tools = { tide: tool({ inputSchema: z.object({ port: z.string() }) }) };
  const result = await generateText({ model, ...ask, tools, stopWhen: isStepCount(1) });
  expect(result.finishReason).toBe('tool-calls');
  expect(result.toolCalls.map(({ toolCallId, input }) => [toolCallId, input])).toEqual([
    ['call_0_0', { port: 'Oban' }],
    ['mine', { port: 'Leith' }],
  ]);
});

test('JSON is answered as given, or as the emptiest value of the schema', async () => {
  const model = scriptedModel([{ json: { a: 1, b: ['x'] } }, {}]);
  const output = Output.object({ schema: z.object({ a: z.number().min(1), b: z.array(z.string()) }) });
  expect((await generateText({ model, ...ask, output })).output).toEqual({ a: 1, b: ['x'] });
  expect((await generateText({ model, ...ask, output })).output).toEqual({ a: 1, b: [] });
});

test('a stream says the same, word by word', async () => {
  const result = streamText({ model: scriptedModel([{ text: 'one two' }]), ...ask });
  const pieces: string[] = [];
  for await (const piece of result.textStream) pieces.push(piece);
  expect(pieces).toEqual(['one ', 'two']);
});

test('a status is an API error like that of a real endpoint', async () => {
  const failure = await generateText({
    model: scriptedModel([{ status: 429, retryAfter: 3, error: 'slow down' }]),
    ...ask,
  }).catch((error: unknown) => error);
  expect(APICallError.isInstance(failure)).toBe(true);
  expect(classifyModelError(failure)).toMatchObject({ code: 'model_rate_limited', retryAfterMs: 3000 });
});

test.each([{ reset: true }, { text: 'cut', cutAfterBytes: 1 }])('%j is a broken connection', async (turn) => {
  const failure = await generateText({ model: scriptedModel([turn]), ...ask }).catch((error: unknown) => error);
  expect(classifyModelError(failure).code).toBe('model_unavailable');
});

test('a stream that is cut has said its first words', async () => {
  const model = scriptedModel([{ text: 'one two three', cutAfterBytes: 5 }]);
  const pieces: string[] = [];
  const failure = await (async () => {
    for await (const part of streamText({ model, ...ask, onError: () => {} }).stream) {
      if (part.type === 'text-delta') pieces.push(part.text);
      if (part.type === 'error') return part.error;
    }
    return undefined;
  })().catch((error: unknown) => error);
  expect(pieces).toEqual(['one ']);
  expect(classifyModelError(failure).code).toBe('model_unavailable');
});

test.each([{ hang: true }, { delayMs: 60_000, text: 'late' }])('%j ends when the caller gives up', async (turn) => {
  const controller = new AbortController();
  const model = scriptedModel([turn]);
  const call = generateText({ model, ...ask, abortSignal: controller.signal });
  await expect.poll(() => model.calls.length).toBe(1);
  controller.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
});
