// What a file does to what was there before: what stays, what goes before what, and what the log says.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appModels } from '../../src/inference/registry/app-models.ts';
import { openModels } from '../../src/inference/registry/open.ts';
import { type Models, Registry } from '../../src/inference/registry/registry.ts';
import { scriptedModel } from '../../src/testing.ts';
import { until } from '../support/until.ts';

const SECRET = 'sk-Live_7f3aSecret';
const now = new Date('2026-09-01T00:00:00Z');
const logged: string[] = [];
const log = { debug: note, info: note, warn: note, error: note };
let folder: string;
let models: Models | undefined;

function note(message: string): void {
  logged.push(message);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-'));
  logged.length = 0;
});

afterEach(async () => {
  await models?.close();
  models = undefined;
  await rm(folder, { recursive: true });
});

function open(file: string, isRequired = true, role: 'all' | 'api' = 'all', openai?: object): Promise<Models> {
  const variable = (name: string): string | undefined => (name === 'KEY' ? SECRET : undefined);
  const config = { models: { file, isRequired, variable }, openai: openai as never, role };
  return openModels(config, appModels(), log);
}

const cloud = (extra = ''): string =>
  `endpoints:\n  cloud: { baseUrl: "http://127.0.0.1:9/v1", model: m, apiKey: "\${KEY}"${extra} }\nclasses: { small: [cloud] }\n`;

test('an endpoint that did not change keeps its health, and one that did begins anew', async () => {
  const registry = new Registry({ variable: () => SECRET });
  registry.read('models.yaml', cloud(), now);
  await expect(registry.model('small').doGenerate({ prompt: [] })).rejects.toMatchObject({ code: 'model_unavailable' });
  const calls = (): number => registry.view().endpoints.find(({ name }) => name === 'cloud')!.health.calls;
  registry.read('models.yaml', cloud(', rpm: 5'), now);
  expect(registry.view().endpoints[1]).toMatchObject({ limits: { rpm: 5 }, health: { calls: 1 } });
  registry.read('models.yaml', cloud().replace('model: m', 'model: n'), now);
  expect(calls()).toBe(0);
});

test('the file goes before the app, and an endpoint of the app can be named in it', () => {
  const deep = { model: scriptedModel([]), rpm: 1, timeout: '1s', price: { input: 1, output: 1 } };
  const given = appModels({
    endpoints: { deep, own: scriptedModel([], 'own') },
    classes: { big: ['own'], own: ['own'], cloudy: ['cloud'] },
  });
  const registry = new Registry({ given });
  const source = `endpoints:
  deep: { provider: app, rpm: 7, price: { input: 2, output: 3 } }
  cloud: { baseUrl: "http://127.0.0.1:9/v1", model: m }
classes: { big: [deep, local] }`;
  expect(registry.read('models.yaml', source, now)).toEqual([]);
  const { endpoints, classes, readAt } = registry.view();
  expect(readAt).toBe('2026-09-01T00:00:00.000Z');
  expect(Object.fromEntries(classes.map(({ name, endpoints: members }) => [name, members]))).toEqual({
    local: ['local'],
    big: ['deep', 'local'],
    own: ['own'],
    cloudy: ['cloud'],
  });
  expect(endpoints.find(({ name }) => name === 'deep')).toMatchObject({
    provider: 'scripted',
    limits: { rpm: 7, timeoutMs: 1000 },
    price: { input: 2, output: 3 },
  });
  expect(registry.read('models.yaml', source.replaceAll('cloud:', 'fog:'), now)).toEqual([
    expect.objectContaining({ message: "does not define the endpoint cloud, which the app's class cloudy names" }),
  ]);
  expect(registry.model('big').modelId).toBe('scripted');
});

test('a process does not start with a wrong file, nor without one that it was told of', async () => {
  const file = join(folder, 'models.yaml');
  await expect(open(file)).rejects.toMatchObject({
    code: 'models_invalid',
    message: `The models cannot be used: ${file} cannot be read (ENOENT).`,
  });
  await writeFile(file, cloud().replace('KEY', 'OTHER_KEY').replace('small: [', 'small: [ cloudy, '));
  await expect(open(file)).rejects.toMatchObject({
    code: 'models_invalid',
    message: expect.stringMatching(
      /:2:\d+ endpoints.cloud.apiKey needs the variable OTHER_KEY.*; .*:3:\d+ classes.small.0 names/,
    ),
  });
  await expect(open(folder)).rejects.toMatchObject({ message: expect.stringContaining('cannot be read (EISDIR)') });
  models = await open(file.replace('models', 'none'), false);
  expect(models.view()).toMatchObject({ source: 'default', problems: [] });
});

test('a process that only takes requests needs no keys', async () => {
  const file = join(folder, 'models.yaml');
  await writeFile(file, cloud().replace('KEY', 'OTHER_KEY'));
  models = await open(file, true, 'api');
  expect(models.view()).toMatchObject({ source: 'file', classes: [{ name: 'local' }, { name: 'small' }] });
});

test('a file that appears later counts, and the log says what happens to it, without a key', async () => {
  const file = join(folder, 'models.yaml');
  models = await open(file, false, 'all', { baseUrl: 'http://127.0.0.1:9/v1', model: 'env', apiKey: SECRET });
  expect(models.view()).toMatchObject({ source: 'environment' });
  const source = (): string => models!.view().source;
  await writeFile(file, cloud());
  await until('the file', () => source() === 'file');
  expect(logged).toEqual([`${file} was read again: local → local; small → cloud`]);
  await writeFile(file, cloud(`, apiKey: ${SECRET}`));
  await until('the problem', () => models!.view().problems.length > 0);
  expect(logged[1]).toMatch(
    /models.yaml cannot be used as it is now, and what was known before stays in use: .*:2:\d+ is not YAML: map keys must be unique$/,
  );
  await writeFile(file, cloud());
  await until('the file', () => models!.view().problems.length === 0);
  expect(logged).toHaveLength(3);
  expect(logged.join()).not.toContain(SECRET);
});

test('what has no effect beside a file is said', async () => {
  const file = join(folder, 'models.yaml');
  await writeFile(file, cloud());
  models = await open(file, true, 'all', { baseUrl: 'http://127.0.0.1:9/v1', model: 'env' });
  expect(models.view().endpoints.map(({ name }) => name)).toEqual(['local', 'cloud']);
  expect(logged).toEqual([`OPENAI_MODEL has no effect, because ${file} says which models there are.`]);
});
