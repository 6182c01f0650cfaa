// What calls do while an endpoint is left alone, and what must not keep it from being tried again.

import { streamText } from 'ai';
import { expect, test } from 'vitest';
import type { RetryableError } from '../../src/core/errors.ts';
import { TerminalError } from '../../src/core/errors.ts';
import { WaitForRecovery } from '../../src/core/wait-for-recovery.ts';
import { WaitForRoom } from '../../src/core/wait-for-room.ts';
import type { Models } from '../../src/inference/registry/registry.ts';
import { scriptedModel, type Turn } from '../../src/testing.ts';
import { asked, modelsOf, Notes, saying, scopeOf } from './support/class.ts';

function failing(turn: Turn): Models {
  return modelsOf({ endpoints: { a: scriptedModel(() => turn) }, classes: { big: ['a'] } });
}

const errorOf = (models: Models): Promise<unknown> => asked(models, 'big').catch((error: unknown) => error);

async function failTimes(models: Models, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await errorOf(models);
}

test('a class whose endpoints fail is waited for, also after a probe that failed, and one with a wrong key is not', async () => {
  const models = failing({ status: 503 });
  await failTimes(models, 5);
  expect(await errorOf(models)).toMatchObject({ code: 'model_circuit_open', wasAsked: false });
  expect(await errorOf(models)).toBeInstanceOf(WaitForRecovery);
  const { endpoint } = endpointOf(models);
  models.routing.breakers.state = () => ({ admits: 'probe', reason: 'model_unavailable', waitMs: 900 });
  models.routing.breakers.admit = async () => ({ isProbe: true, worked() {}, failed() {}, left() {} });
  expect(await errorOf(models)).toMatchObject({
    code: 'model_circuit_open',
    wasAsked: true,
    retryAfterMs: 900,
    details: { open: [{ endpoint, reason: 'model_unavailable' }] },
    cause: { code: 'model_unavailable' },
  });

  const locked = failing({ status: 401 });
  await failTimes(locked, 1);
  const error = await errorOf(locked);
  expect(error).toMatchObject({ code: 'model_circuit_open' });
  expect(error).not.toBeInstanceOf(WaitForRecovery);
});

function endpointOf(models: Models): { endpoint: string } {
  return { endpoint: models.view().endpoints.find(({ name }) => name === 'a')!.name };
}

test.each<[string, Turn]>([
  ['have too much to do', { status: 429, retryAfter: 30 }],
  ['fail', { status: 503 }],
])('a stream’s step is told to wait while endpoints %s', async (_what, turn) => {
  const models = failing(turn);
  await failTimes(models, 5);
  const told: RetryableError[] = [];
  const model = models.model('big', scopeOf('run-1', { waits: (reason) => void told.push(reason) }));
  const result = streamText({ model, prompt: 'Hello.', maxRetries: 0, onError: () => {} });
  await expect(Promise.resolve(result.text)).rejects.toThrow();
  expect(told).toMatchObject([{ code: turn.status === 429 ? 'model_room' : 'model_circuit_open' }]);
});

test('what cannot be estimated leaves the probe to the next call', async () => {
  const models = failing({});
  const ends: string[] = [];
  models.routing.breakers.admit = async () => ({
    isProbe: true,
    worked: () => void ends.push('worked'),
    failed: () => void ends.push('failed'),
    left: () => void ends.push('left'),
  });
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const tools = [{ type: 'function' as const, name: 'x', inputSchema: circular }];
  await expect(models.model('big').doGenerate({ prompt: [], tools })).rejects.toThrow('circular');
  expect(ends).toEqual(['left']);
});

const unpriced = (name: string) => new TerminalError('budget_price_unknown', `The endpoint '${name}' has no price.`);

test('an endpoint without a price that a budget asks for is passed over, and where none has one the call fails', async () => {
  const models = modelsOf({ endpoints: { a: saying('from a'), b: saying('from b') }, classes: { big: ['a', 'b'] } });
  const gate = new Notes();
  models.routing.gates = [gate];
  gate.refuse = ({ endpoint }) => (endpoint.name === 'a' ? unpriced('a') : undefined);
  expect(await asked(models, 'big')).toMatchObject({
    endpoint: 'b',
    choice: { why: 'fallback', passedOver: [{ endpoint: 'a', because: 'budget_price_unknown' }] },
  });
  gate.refuse = ({ endpoint }) => unpriced(endpoint.name);
  await expect(asked(models, 'big')).rejects.toMatchObject({ name: 'TerminalError', code: 'budget_price_unknown' });
  gate.refuse = ({ endpoint }) => (endpoint.name === 'a' ? unpriced('a') : new WaitForRoom('b', 2000, () => () => {}));
  await expect(asked(models, 'big')).rejects.toMatchObject({ code: 'model_room' });
});

test('a stream that nobody begins to read ends its call when it is given up, and when its time is up', async () => {
  const a = { model: scriptedModel(() => ({ text: 'One two three.' })), timeout: '50ms' as const };
  const models = modelsOf({ endpoints: { a }, classes: { big: ['a'] } });
  const gate = new Notes();
  models.routing.gates = [gate];
  const { stream } = await models.model('big').doStream({ prompt: [] });
  await stream.cancel();
  expect(gate.ends).toMatchObject([{ kind: 'failed', error: { code: 'model_aborted' } }]);
  await models.model('big').doStream({ prompt: [] });
  await expect.poll(() => gate.ends[1]).toMatchObject({ kind: 'failed', error: { code: 'model_timeout' } });
});
