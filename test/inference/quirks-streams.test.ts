// Streams of OpenAI-compatible servers that write them otherwise than OpenAI.

import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { isStepCount, streamText } from 'ai';
import { expect, test } from 'vitest';
import { mended } from '../../src/inference/models/quirks/mended.ts';
import type { Turn } from '../../src/testing/scripted-model.ts';
import { answer, serving, tideAt, tools } from './support/strange-server.ts';

/** Asks for a stream, and returns what came of it. */
async function askStream(turn: Turn) {
  const model = await serving([turn]);
  const result = streamText({
    model,
    prompt: 'Tide?',
    tools,
    maxRetries: 0,
    stopWhen: isStepCount(1),
    onError: () => {},
  });
  const pieces: string[] = [];
  for await (const piece of result.textStream) pieces.push(piece);
  const [calls, reasoning, finishReason] = await Promise.all([
    result.toolCalls,
    result.reasoningText,
    result.finishReason,
  ]);
  return { pieces, calls: calls.map(({ toolName, input }) => ({ toolName, input })), reasoning, finishReason };
}

const chunk = (delta: object, finish: string | null = null) => ({
  id: 'x',
  created: 1,
  model: 'm-1',
  choices: [{ index: 0, delta, finish_reason: finish }],
});

test('goes on as it comes, in any script', async () => {
  const text = 'Hochwasser um 12 Uhr 🌊 in Öban.';
  const { pieces, finishReason } = await askStream({ text });
  expect(pieces.join('')).toBe(text);
  expect(pieces.length).toBeGreaterThan(4);
  expect(finishReason).toBe('stop');
});

test('with a call whose arguments are an object, twice with the same id', async () => {
  const first = { index: 0, id: 'c1', function: { name: 'tide', arguments: { port: 'Oban' } } };
  const second = { index: 1, id: 'c1', function: { name: 'tide', arguments: { port: 'Ayr' } } };
  const { calls, finishReason } = await askStream({
    events: [chunk({ tool_calls: [first, second] }), chunk({}, 'stop')],
  });
  expect(calls).toEqual([
    { toolName: 'tide', input: { port: 'Oban' } },
    { toolName: 'tide', input: { port: 'Ayr' } },
  ]);
  expect(finishReason).toBe('tool-calls');
});

test('with a call in pieces', async () => {
  const { calls } = await askStream({
    toolCalls: [
      { name: 'tide', args: { port: 'Oban' } },
      { name: 'moon', args: {} },
    ],
  });
  expect(calls).toEqual([
    { toolName: 'tide', input: { port: 'Oban' } },
    { toolName: 'moon', input: {} },
  ]);
});

test.each([
  ['left out', {}],
  ['null', { arguments: null }],
])('with a call whose first piece has its arguments %s', async (_how, given) => {
  const piece = (text: string) => ({ index: 0, function: { arguments: text } });
  const first = { index: 0, id: 'c1', type: 'function', function: { name: 'tide', ...given } };
  const events = [first, piece('{"port":'), piece(' "Oban"}')].map((delta) => chunk({ tool_calls: [delta] }));
  const { calls } = await askStream({ events: [...events, chunk({}, 'tool_calls')] });
  expect(calls).toEqual([{ toolName: 'tide', input: { port: 'Oban' } }]);
});

test('with a call that has no arguments at all', async () => {
  const called = chunk({ tool_calls: [{ index: 0, id: 'c1', function: { name: 'moon' } }] });
  const { calls } = await askStream({ events: [called, chunk({}, 'tool_calls')] });
  expect(calls).toEqual([{ toolName: 'moon', input: {} }]);
});

test.each([
  ['a thought', ['<think>', 'word ', '</think>High at noon.'], ['reasoning-delta', 'text-delta']],
  ['a call', ['{"name": "moon", "arguments": {}, "id": "', '</think> ', '"}'], ['tool-call']],
  ['nothing', ['', '\n ', ''], ['text-delta']],
  ['nothing after a bracket', ['{', '\n ', '"'], ['text-delta']],
])('with %s in many pieces, at a cost that grows with its length only', async (_what, [begin, piece, end], told) => {
  const parts = [begin!, ...Array<string>(40_000).fill(piece!), end!].map((delta): LanguageModelV4StreamPart => ({
    type: 'text-delta',
    id: 't',
    delta,
  }));
  const whole: LanguageModelV4StreamPart[] = [{ type: 'text-start', id: 't' }, ...parts, { type: 'text-end', id: 't' }];
  const { provider, modelId, doGenerate } = await serving([]);
  const model = mended({
    specificationVersion: 'v4',
    provider,
    modelId,
    supportedUrls: {},
    doGenerate,
    doStream: async () => ({ stream: ReadableStream.from(whole) }),
  });
  const startedAt = performance.now();
  const moon = { type: 'function' as const, name: 'moon', inputSchema: {} };
  const { stream } = await model.doStream({ prompt: [], tools: [moon] });
  const types: string[] = [];
  for await (const { type } of stream) types.push(type);
  expect(types.filter((type) => type.endsWith('delta') || type === 'tool-call')).toEqual(told);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test('with a call as text, none of which is taken for an answer', async () => {
  const text = '<tool_call> {"name": "tide", "arguments": {"port": "Oban"}} </tool_call>';
  expect(await askStream({ text })).toEqual({
    pieces: [],
    calls: [{ toolName: 'tide', input: { port: 'Oban' } }],
    reasoning: undefined,
    finishReason: 'tool-calls',
  });
});

test.each([
  '<tool_call> is what the page says',
  '{"name": "tide", "height": 3}',
  '{"height": 3}',
  '<thunder> at noon',
  '<',
])('with a text that might have been a call or a thought: %s', async (text) => {
  const { pieces, calls } = await askStream({ text });
  expect([pieces.join(''), calls]).toEqual([text, []]);
});

test('with thoughts within', async () => {
  const { pieces, reasoning } = await askStream({ text: '<think> Hm, well. </think> High at noon.' });
  expect([pieces.join(''), reasoning]).toEqual(['High at noon.', 'Hm, well.']);
});

test('of a server that does not stream', async () => {
  const turn = answer({ content: 'Noon.', tool_calls: [tideAt('Oban')] }, { finish_reason: 'tool_calls' });
  expect(await askStream(turn)).toMatchObject({
    pieces: ['Noon.'],
    calls: [{ toolName: 'tide', input: { port: 'Oban' } }],
  });
});

test('that ends without a reason was broken off', async () => {
  const model = await serving([{ events: [chunk({ content: 'High at' })] }]);
  const errors: unknown[] = [];
  const result = streamText({
    model,
    prompt: 'Tide?',
    maxRetries: 0,
    onError: ({ error }) => void errors.push(error),
  });
  await result.consumeStream();
  expect(errors).toHaveLength(1);
});
