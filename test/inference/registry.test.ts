// Which model answers for a class, and what is told about it.

import { generateText } from 'ai';
import { afterEach, expect, test } from 'vitest';
import { createModels, type Models } from '../../src/inference/registry.ts';
import { startModelServer } from '../../src/testing/model-server.ts';

const endpoint = { baseUrl: 'https://models.example/v1/', apiKey: 'sk-secret', model: 'big-1' };
let models: Models | undefined;

afterEach(async () => {
  await models?.close();
  models = undefined;
});

test('without an endpoint every class is the offline model', () => {
  models = createModels();
  expect(models.describe()).toEqual({ name: 'local', provider: 'local', model: 'local-extractive' });
  expect(models.model('reasoning').provider).toBe('local');
  expect(models.model('small').modelId).toBe('local-extractive');
});

test('with an endpoint every class but local is its model', () => {
  models = createModels({ openai: endpoint });
  expect(models.model('small').modelId).toBe('big-1');
  expect(models.model('local').provider).toBe('local');
});

test('the description shows where the model is, never the key', () => {
  models = createModels({ openai: endpoint });
  expect(models.describe()).toEqual({
    name: 'openai',
    provider: 'openai-compatible',
    model: 'big-1',
    baseUrl: 'https://models.example/v1',
  });
  expect(JSON.stringify(models.describe())).not.toContain('secret');
});

test('a class without a name is refused', () => {
  models = createModels();
  expect(() => models!.model(' ')).toThrow(/needs a name/);
});

test.each([
  [{ ...endpoint, baseUrl: 'models.example' }, /not an http or https address/],
  [{ ...endpoint, baseUrl: 'https://user:pass@models.example/v1' }, /user name or password/],
  [{ ...endpoint, model: '' }, /No model is named/],
])('a wrong endpoint is refused at once and its secrets are not repeated', (openai, message) => {
  expect(() => createModels({ openai })).toThrow(
    expect.objectContaining({ code: 'model_config_invalid', message: expect.stringMatching(message) }),
  );
  expect(() => createModels({ openai })).not.toThrow(/pass@|sk-secret/);
});

test('after close the local model says that it is closed', async () => {
  models = createModels();
  const model = models.model('small');
  await models.close();
  await expect(generateText({ model, prompt: 'Hello.', maxRetries: 0 })).rejects.toMatchObject({
    code: 'models_closed',
  });
});

test('the client makes one request only: retries are the step’s business', async () => {
  const server = await startModelServer(() => ({ status: 503 }));
  models = createModels({ openai: { baseUrl: server.url, model: 'm' } });
  const { model } = models;
  await expect(
    Promise.resolve(model('small').doGenerate({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] })),
  ).rejects.toThrow(/503/);
  expect(server.requests).toHaveLength(1);
  await server.close();
});
