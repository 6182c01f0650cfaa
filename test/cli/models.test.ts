// What the command line says of models: the doctor of the file, `models list` of a running service.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../../src/index.ts';
import { startService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { holdfast } from './support.ts';

let database: TestDatabase;
let folder: string;
let file: string;

beforeAll(async () => {
  database = await freshDatabase();
  folder = await mkdtemp(join(tmpdir(), 'models-cli-'));
  file = join(folder, 'models.yaml');
});

afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true });
});

const SOURCE = `endpoints:
  cloud:
    baseUrl: https://inference.example/v1
    model: large-2
    apiKey: \${CLOUD_KEY}
    price: { input: 3, output: 15 }
  deep: { provider: app }
classes:
  reasoning: [deep, cloud]
`;

test('the doctor says what the file defines and which keys are there, or what is wrong with it', async () => {
  await writeFile(file, SOURCE);
  const environment = { DATABASE_URL: database.url, PORT: '0', HOLDFAST_MODELS: file };
  const well = await holdfast(['doctor'], { ...environment, CLOUD_KEY: 'sk-secret' });
  expect(well.stdout).toMatch(/ok +models +.*models.yaml: reasoning → deep, cloud; set: CLOUD_KEY/);
  expect(well.stdout + well.stderr).not.toContain('sk-secret');
  const ill = await holdfast(['doctor'], environment);
  expect(ill.code).toBe(1);
  expect(ill.stdout).toMatch(/FAIL +models .*models.yaml:5:13 endpoints.cloud.apiKey needs the variable CLOUD_KEY/);
  const none = await holdfast(['doctor'], { ...environment, HOLDFAST_MODELS: `${file}.none` });
  expect(none.stdout).toMatch(/FAIL +models .*cannot be read \(ENOENT\)/);
  const without = await holdfast(['doctor'], { ...environment, HOLDFAST_MODELS: '' });
  expect(without.stdout).toMatch(/ok +models +offline local model/);
});

test('a service that cannot use its models says why and ends', async () => {
  await writeFile(file, SOURCE);
  const { code, stderr } = await holdfast(['start', 'dist/examples/01-documents/app.js'], {
    DATABASE_URL: database.url,
    PORT: '0',
    HOLDFAST_MODELS: file,
  });
  expect(code).toBe(1);
  expect(stderr).toContain('needs the variable CLOUD_KEY');
  expect(stderr).toContain('endpoints.deep.provider is app, but createApp({ models }) gives no endpoint of this name');
});

test('the models of a running service are listed', async () => {
  await writeFile(file, SOURCE.replace('provider: app', 'provider: local'));
  const models = { file, isRequired: true, variable: () => 'sk-secret' };
  await using service = await startService({ app: createApp({ services: [] }), config: { models } });
  const listed = await holdfast(['models', 'list', '--url', service.url]);
  expect(listed.stdout).toMatch(/cloud +large-2 +reasoning +3 \/ 15 +unknown +https:\/\/inference.example\/v1/);
  expect(listed.stdout).toContain('reasoning: deep, cloud');
  const json = await holdfast(['models', 'list', '--json', '--url', service.url]);
  expect(JSON.parse(json.stdout)).toMatchObject({ source: 'file', file, problems: [] });
  expect(listed.stdout + json.stdout).not.toContain('sk-secret');
});
