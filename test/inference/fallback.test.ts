// Which endpoint answers when others cannot, and what is recorded of that.

import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { streamText } from 'ai';
import { expect, test } from 'vitest';
import { DegradeTo } from '../../src/core/degrade-to.ts';
import { TerminalError } from '../../src/core/errors.ts';
import { WaitForRoom } from '../../src/core/wait-for-room.ts';
import type { ModelOptions } from '../../src/inference/registry/app-models.ts';
import { scriptedModel, type Turn } from '../../src/testing.ts';
import { asked, modelsOf, Notes, saying, scopeOf } from './support/class.ts';

const failing = (turn: Turn, model = 'a') => scriptedModel(() => turn, model);
const DOWN: Turn = { status: 503 };

function twoEndpoints(first: Turn, classes: ModelOptions['classes'] = { big: ['a', 'b'] }) {
  return modelsOf({ endpoints: { a: failing(first), b: saying('from b'), c: saying('from c') }, classes });
}

test.each<[string, Turn]>([
  ['model_unavailable', DOWN],
  ['model_unavailable', { reset: true }],
  ['model_rate_limited', { status: 429, retryAfter: 60 }],
  ['model_overloaded', { status: 529 }],
  ['model_auth_failed', { status: 401 }],
  ['model_not_found', { status: 404 }],
  ['model_quota_exhausted', { status: 402 }],
])('after %s the next endpoint answers', async (code, turn) => {
  expect(await asked(twoEndpoints(turn), 'big')).toEqual({
    text: 'from b',
    class: 'big',
    endpoint: 'b',
    choice: { why: 'fallback', passedOver: [{ endpoint: 'a', because: code }] },
  });
});

test.each<[string, Turn]>([
  ['model_refused', { status: 400 }],
  ['model_context_exceeded', { status: 413 }],
  ['model_content_filtered', { status: 400, error: 'content_filter' }],
])('after %s no other endpoint is asked', async (code, turn) => {
  await expect(asked(twoEndpoints(turn), 'big')).rejects.toMatchObject({ code });
});

test('when all have failed, the error names them, and is worth another attempt if any of them is', async () => {
  const models = modelsOf({
    endpoints: { a: failing({ status: 401 }), b: failing({ status: 429, retryAfter: 9 }) },
    classes: { big: ['a', 'b'] },
  });
  await expect(asked(models, 'big')).rejects.toMatchObject({
    code: 'model_rate_limited',
    name: 'RetryableError',
    retryAfterMs: 9000,
    details: {
      tried: [
        { endpoint: 'a', code: 'model_auth_failed' },
        { endpoint: 'b', code: 'model_rate_limited' },
      ],
    },
  });
});

test('a class never goes to another one by itself', async () => {
  const models = twoEndpoints(DOWN, { big: ['a'], small: ['b'] });
  await expect(asked(models, 'big')).rejects.toMatchObject({ code: 'model_unavailable' });
});

test('a class that may degrade does so when all its endpoints are out, and says so', async () => {
  const models = twoEndpoints(DOWN, { big: { endpoints: ['a'], degrade: 'small' }, small: ['b'] });
  expect(await asked(models, 'big')).toMatchObject({
    text: 'from b',
    class: 'big',
    endpoint: 'b',
    choice: { degradedFrom: 'big', because: 'out', why: 'first' },
  });
});

test('the cheapest endpoint goes first where the class prefers that', async () => {
  const models = modelsOf({
    endpoints: {
      a: { model: saying('from a'), price: { input: 3, output: 15 } },
      b: { model: saying('from b'), price: { input: 1, output: 4 } },
      c: saying('from c'),
    },
    classes: { big: { endpoints: ['a', 'b', 'c'], prefer: 'price' } },
  });
  expect(await asked(models, 'big')).toMatchObject({ endpoint: 'b', choice: { why: 'price' } });
});

test('a run stays with the endpoint that answered it, and others do not', async () => {
  const a = scriptedModel([DOWN, {}, {}]);
  const models = modelsOf({ endpoints: { a, b: saying('from b') }, classes: { big: ['a', 'b'] } });
  expect(await asked(models, 'big', 'run-1')).toMatchObject({ endpoint: 'b', choice: { why: 'fallback' } });
  expect(await asked(models, 'big', 'run-1')).toMatchObject({ endpoint: 'b', choice: { why: 'last' } });
  expect(await asked(models, 'big', 'run-2')).toMatchObject({ endpoint: 'a', choice: { why: 'first' } });
  expect(await asked(models, 'big')).toMatchObject({ endpoint: 'a' });
});

test('each call of an endpoint passes all gates, and the last one hears first how it ended', async () => {
  const models = twoEndpoints(DOWN);
  const log: string[] = [];
  const [first, second] = [new Notes('first', log), new Notes('second', log)];
  models.routing.gates = [first, second];
  await asked(models, 'big', 'run-1');
  expect(log.join(', ')).toBe(
    'first in a, second in a, second failed a, first failed a, first in b, second in b, second answered b, first answered b',
  );
  expect(first.planned.map(({ class: name, estimate, scope }) => [name, estimate.outputTokens, scope.runId])).toEqual([
    ['big', 4096, 'run-1'],
    ['big', 4096, 'run-1'],
  ]);
  expect(new Set(first.planned.map(({ id }) => id)).size).toBe(2);
  expect(first.ends).toMatchObject([
    { kind: 'failed', error: { code: 'model_unavailable' } },
    { kind: 'answered', usage: { inputTokens: 10, outputTokens: 2, isEstimated: false } },
  ]);
});

test('when a gate refuses a call, those before it are told that it is not made', async () => {
  const models = twoEndpoints({});
  const [before, after] = [new Notes('before'), new Notes('after')];
  after.refuse = () => new TerminalError('budget_exceeded', 'Nothing left.');
  models.routing.gates = [before, after];
  await expect(asked(models, 'big')).rejects.toMatchObject({ code: 'budget_exceeded' });
  expect(before.ends).toMatchObject([{ kind: 'failed' }]);
});

test('an endpoint without room is passed over at once, and where none has room the nearest is waited for', async () => {
  const models = twoEndpoints({});
  const gate = new Notes();
  const full = (name: string, waitMs: number) => new WaitForRoom(name, waitMs, () => () => {});
  models.routing.gates = [gate];
  gate.refuse = ({ endpoint }) => (endpoint.name === 'a' ? full('a', 5000) : undefined);
  expect(await asked(models, 'big')).toMatchObject({
    endpoint: 'b',
    choice: { passedOver: [{ endpoint: 'a', because: 'room' }] },
  });
  gate.refuse = ({ endpoint }) => full(endpoint.name, endpoint.name === 'a' ? 5000 : 2000);
  await expect(asked(models, 'big')).rejects.toMatchObject({ code: 'model_room', retryAfterMs: 2000 });
});

test('while all endpoints of a class are left alone because they have too much to do, there is no room', async () => {
  const models = twoEndpoints({ status: 429, retryAfter: 30 }, { big: ['a'] });
  for (let n = 0; n < 5; n += 1)
    await expect(asked(models, 'big')).rejects.toMatchObject({ code: 'model_rate_limited' });
  const error = await asked(models, 'big').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WaitForRoom);
  expect((error as WaitForRoom).lookAgainMs).toBeGreaterThan(29_000);
});

test('while they are left alone because they fail, calls fail at once, with the time of the next try', async () => {
  const models = twoEndpoints(DOWN, { big: ['a'] });
  for (let n = 0; n < 5; n += 1)
    await expect(asked(models, 'big')).rejects.toMatchObject({ code: 'model_unavailable' });
  const error = await asked(models, 'big').catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'model_circuit_open',
    details: { open: [{ endpoint: 'a', reason: 'model_unavailable' }] },
  });
  expect((error as WaitForRoom).retryAfterMs).toBeLessThanOrEqual(2000);
});

test('a class without room does not degrade', async () => {
  const models = twoEndpoints({}, { big: { endpoints: ['a'], degrade: 'small' }, small: ['b'] });
  const gate = new Notes();
  gate.refuse = ({ class: name }) => (name === 'big' ? new WaitForRoom('a', 5000, () => () => {}) : undefined);
  models.routing.gates = [gate];
  await expect(asked(models, 'big')).rejects.toBeInstanceOf(WaitForRoom);
});

test('a budget may send a call to another class, but not in a circle', async () => {
  const models = twoEndpoints({}, { big: ['a'], small: ['b'] });
  const gate = new Notes();
  models.routing.gates = [gate];
  gate.refuse = ({ class: name }) => (name === 'big' ? new DegradeTo('small', 'budget day') : undefined);
  expect(await asked(models, 'big')).toMatchObject({
    class: 'big',
    endpoint: 'b',
    choice: { degradedFrom: 'big', because: 'budget day' },
  });
  gate.refuse = ({ class: name }) => new DegradeTo(name === 'big' ? 'small' : 'big', 'budget day');
  await expect(asked(models, 'big')).rejects.toMatchObject({ code: 'model_degrade_loop' });
});

test('the gate’s bound on the answer is told to the model', async () => {
  const a = scriptedModel(() => ({}));
  const models = modelsOf({ endpoints: { a }, classes: { big: ['a'] } });
  models.routing.gates = [{ enter: async () => ({ maxOutputTokens: 77, ended: () => {} }) }];
  await asked(models, 'big');
  expect(a.calls[0]!.maxOutputTokens).toBe(77);
});

test('a caller that has given up makes no call', async () => {
  const a = scriptedModel(() => ({}));
  const models = modelsOf({ endpoints: { a }, classes: { big: ['a'] } });
  const gate = new Notes();
  const abort = new AbortController();
  gate.refuse = () => {
    abort.abort(new Error('cancelled'));
    return undefined;
  };
  models.routing.gates = [gate];
  const options = { prompt: [], abortSignal: abort.signal };
  await expect(models.model('big', scopeOf('run-1')).doGenerate(options)).rejects.toThrow('cancelled');
  expect([a.calls.length, gate.ends]).toMatchObject([0, [{ kind: 'failed', error: { code: 'model_aborted' } }]]);
});

test.each<[string, LanguageModelV4StreamPart[]]>([
  [
    'an error',
    [
      { type: 'stream-start', warnings: [] },
      { type: 'error', error: { message: 'x', code: 500 } },
    ],
  ],
  ['nothing', []],
  [
    'an opening and no more',
    [
      { type: 'stream-start', warnings: [] },
      { type: 'text-start', id: '1' },
    ],
  ],
])('a stream that begins with %s is asked for elsewhere', async (_what, parts) => {
  const a = { ...scriptedModel([]), doStream: async () => ({ stream: ReadableStream.from(parts) }) };
  const models = modelsOf({ endpoints: { a, b: scriptedModel([{ text: 'One two.' }]) }, classes: { big: ['a', 'b'] } });
  const gate = new Notes();
  models.routing.gates = [gate];
  const result = streamText({ model: models.model('big'), prompt: 'Hello.', maxRetries: 0 });
  expect(await result.text).toBe('One two.');
  expect((await result.providerMetadata)?.['holdfast']).toMatchObject({ endpoint: 'b', choice: { why: 'fallback' } });
  expect(gate.ends.map(({ kind }) => kind)).toEqual(['failed', 'answered']);
});

test('a stream that fails after its first words fails the attempt, and is told once', async () => {
  const b = scriptedModel([]);
  const a = scriptedModel([{ text: 'One two three.', cutAfterBytes: 4 }]);
  const models = modelsOf({ endpoints: { a, b }, classes: { big: ['a', 'b'] } });
  const gate = new Notes();
  models.routing.gates = [gate];
  const { stream } = await models.model('big').doStream({ prompt: [] });
  const read = async () => {
    for await (const _part of stream);
  };
  await expect(read()).rejects.toMatchObject({ code: 'model_unavailable' });
  expect([gate.ends.map(({ kind }) => kind), b.calls.length]).toEqual([['failed'], 0]);
});

test('a reader that leaves a stream early ends its call', async () => {
  const models = modelsOf({ endpoints: { a: scriptedModel([{ text: 'One two three.' }]) }, classes: { big: ['a'] } });
  const gate = new Notes();
  models.routing.gates = [gate];
  const { stream } = await models.model('big').doStream({ prompt: [] });
  const reader = stream.getReader();
  await reader.read();
  await reader.cancel();
  expect(gate.ends).toMatchObject([{ kind: 'failed', error: { code: 'model_aborted' } }]);
});

test('an answer that says of itself that it is none is no answer', async () => {
  const empty = saying('');
  const a = {
    ...empty,
    doGenerate: async () => ({
      ...(await empty.doGenerate({ prompt: [] })),
      content: [],
      finishReason: { unified: 'other' as const, raw: undefined },
    }),
  };
  const models = modelsOf({ endpoints: { a, b: saying('from b') }, classes: { big: ['a', 'b'] } });
  expect(await asked(models, 'big')).toMatchObject({ endpoint: 'b' });
});
