// Which model answers for a class, and what is told about it.

import { generateText } from 'ai';
import { afterEach, expect, test } from 'vitest';
import { createModels, type Models } from '../../src/inference/registry/registry.ts';
import { startModelServer } from '../../src/testing/model-server.ts';

const endpoint = { baseUrl: 'https://models.example/v1/', apiKey: 'sk-secret', model: 'big-1' };
let models: Models | undefined;

afterEach(async () => {
  await models?.close();
  models = undefined;
});

test('without an endpoint every class is the offline model', () => {
  models = createModels();
  expect(models.view()).toMatchObject({
    source: 'default',
    file: null,
    endpoints: [{ name: 'local', provider: 'local', model: 'local-extractive', price: null }],
    classes: [
      { name: 'local', endpoints: ['local'] },
      { name: 'reasoning', endpoints: ['local'] },
      { name: 'small', endpoints: ['local'] },
    ],
    problems: [],
  });
  expect(models.model('any-name').provider).toBe('local');
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
  expect(models.view()).toMatchObject({
    source: 'environment',
    endpoints: [
      { name: 'local' },
      {
        name: 'openai',
        provider: 'openai-compatible',
        model: 'big-1',
        baseUrl: 'https://models.example/v1',
        classes: ['reasoning', 'small'],
      },
    ],
  });
  expect(JSON.stringify(models.view())).not.toContain('secret');
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
  await expect(
    Promise.resolve(
      models.model('small').doGenerate({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] }),
    ),
  ).rejects.toThrow(/503/);
  expect(server.requests).toHaveLength(1);
  await server.close();
});
