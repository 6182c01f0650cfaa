// A service that follows its models.yaml: changes move the traffic, and what is wrong keeps what was right.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateText } from 'ai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { agent, createApp, model, opening, step, stepContext, workflow } from '../../src/index.ts';
import type { ModelsView } from '../../src/inference/registry/view.ts';
import { type ModelServer, startModelServer, startService, type TestService, type Turn } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const SECRET = 'sk-Live_7f3aSecret';

class Office {
  @workflow()
  static async ask(className: string): Promise<unknown> {
    return Office.question(className);
  }

  @step()
  static async question(className: string): Promise<unknown> {
    const { text, providerMetadata } = await generateText({
      model: model(className),
      prompt: 'Hello.',
      maxRetries: 0,
      abortSignal: stepContext().signal,
    });
    return { text, ...providerMetadata?.['holdfast'] };
  }

  @step()
  static async look(): Promise<string> {
    return 'seen';
  }

  @agent({ model: 'small', instructions: 'Work.' })
  static async work(): Promise<string> {
    return opening('Begin.');
  }
}

const file = { path: '', folder: '' };
const servers: Record<'a' | 'b', ModelServer> = {} as never;
/** What server `a` does next, once. */
let next: (() => Promise<Turn>) | undefined;
let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  servers.a = await startModelServer(
    async () => {
      const turn = next;
      next = undefined;
      return turn ? turn() : { text: 'from a' };
    },
    { apiKey: SECRET },
  );
  servers.b = await startModelServer(() => ({ text: 'from b' }));
  file.folder = await mkdtemp(join(tmpdir(), 'models-'));
  file.path = join(file.folder, 'models.yaml');
  database = await freshDatabase();
  await writeFile(file.path, modelsYaml('[a, b]'));
  const variable = (name: string): string | undefined => (name === 'KEY_A' ? SECRET : undefined);
  service = await startService({
    app: createApp({ services: [Office] }),
    databaseUrl: database.url,
    config: { models: { file: file.path, isRequired: true, variable } },
  });
});

afterAll(async () => {
  await service?.stop();
  await Promise.all(Object.values(servers).map((server) => server.close()));
  await database?.drop();
  await rm(file.folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await write(modelsYaml('[a, b]'));
  await until('the usual file', async () => {
    const { classes, problems } = await view();
    return problems.length === 0 && classes.find(({ name }) => name === 'small')?.endpoints[0] === 'a';
  });
});

function modelsYaml(small: string): string {
  return `endpoints:
  a:
    baseUrl: ${servers.a.url}
    model: model-a
    apiKey: \${KEY_A}
    price: { input: 1, cachedInput: 0.1, output: 2, version: "7" }
    rpm: 6000
    timeout: 5s
  b:
    baseUrl: ${servers.b.url}
    model: model-b
classes:
  small: ${small}
  reasoning: [b]
`;
}

/** As editors do it: a new file takes the place of the old one. */
async function write(text: string): Promise<void> {
  await writeFile(`${file.path}.new`, text);
  await rename(`${file.path}.new`, file.path);
}

async function view(): Promise<ModelsView> {
  return (await service.call<ModelsView>('GET', '/v1/models')).body;
}

async function ask(className: string): Promise<Record<string, any>> {
  const headers = { Prefer: 'wait=20' };
  return (await service.call('POST', '/v1/workflows/Office.ask/runs', { body: className, headers })).body;
}

test('a class goes to its first endpoint, with the key of the environment', async () => {
  expect(await ask('small')).toMatchObject({ result: { text: 'from a', class: 'small', endpoint: 'a' } });
  expect(await ask('reasoning')).toMatchObject({ result: { text: 'from b', class: 'reasoning', endpoint: 'b' } });
  expect(await ask('local')).toMatchObject({ status: 'succeeded', result: { endpoint: 'local' } });
});

test('a class that nobody defines is refused, with those that there are', async () => {
  const { error } = await ask('smal');
  expect(error).toMatchObject({
    code: 'model_class_unknown',
    details: { class: 'smal', known: ['local', 'small', 'reasoning'] },
  });
});

test('a change of the file moves the traffic without a restart', async () => {
  await write(modelsYaml('[b]'));
  await until('answers of b', async () => (await ask('small')).result.endpoint === 'b');
  await writeFile(file.path, modelsYaml('[a]'));
  await until('answers of a', async () => (await ask('small')).result.endpoint === 'a');
});

test('a call that is under way ends where it began, and the next one goes to the new endpoint', async () => {
  const { promise, resolve } = Promise.withResolvers<Turn>();
  const before = servers.a.requests.length;
  next = () => promise;
  const asked = ask('small');
  await until('the call', () => servers.a.requests.length > before);
  await write(modelsYaml('[b]'));
  await until('the change', async () => (await view()).classes.some(({ endpoints }) => endpoints.join() === 'b'));
  await until('answers of b', async () => (await ask('small')).result.endpoint === 'b');
  resolve({ text: 'late, from a' });
  expect(await asked).toMatchObject({ result: { text: 'late, from a', endpoint: 'a' } });
});

test('a broken file is told with its place, and what it said before counts', async () => {
  await write(modelsYaml('[cloud]').replace('rpm: 6000', 'rpm: none'));
  const { problems, source, classes } = await until('the problems', async () => {
    const found = await view();
    return found.problems.length > 0 ? found : undefined;
  });
  expect(problems).toEqual([
    { line: 7, column: 10, field: 'endpoints.a.rpm', message: 'must be a whole number above 0' },
    {
      line: 13,
      column: 11,
      field: 'classes.small.0',
      message: 'names an endpoint that the file does not define; there are a, b, local',
    },
  ]);
  expect([source, classes[1]]).toEqual(['file', { name: 'small', endpoints: ['a', 'b'], route: 'order', classes: [] }]);
  expect(await ask('small')).toMatchObject({ result: { endpoint: 'a' } });
});

test('a file that is gone changes nothing but what is told', async () => {
  await rm(file.path);
  const { problems } = await until('the problem', async () => {
    const found = await view();
    return found.problems.length > 0 ? found : undefined;
  });
  expect(problems).toEqual([{ line: null, column: null, field: '', message: 'cannot be read (ENOENT)' }]);
  expect(await ask('small')).toMatchObject({ result: { endpoint: 'a' } });
});

test('the models are shown with limits, price and health, and without a key', async () => {
  next = async () => ({ status: 400, error: `Wrong key ${SECRET}` });
  expect(await ask('small')).toMatchObject({ status: 'failed', error: { code: 'model_refused' } });
  await ask('small');
  const shown = await view();
  expect(shown).toMatchObject({ source: 'file', file: file.path, problems: [] });
  expect(shown.endpoints.map(({ name }) => name)).toEqual(['local', 'a', 'b']);
  const { health, ...a } = shown.endpoints[1]!;
  expect(a).toEqual({
    name: 'a',
    provider: 'openai-compatible',
    model: 'model-a',
    baseUrl: servers.a.url,
    classes: ['small'],
    limits: { rpm: 6000, tpm: null, concurrency: null, timeoutMs: 5000, maxOutput: null },
    breaker: { state: 'closed', until: null, reason: null },
    price: {
      currency: 'USD',
      input: 1,
      cachedInput: 0.1,
      cacheWrite: 1,
      output: 2,
      reasoning: 2,
      version: '7',
      since: null,
    },
  });
  expect(health).toMatchObject({ state: 'ok', failures: 1, lastFailure: { code: 'model_refused' } });
  expect(health.calls).toBeGreaterThan(1);
  expect(shown.endpoints[2]!.price).toBeNull();
});

test('the record of an agent’s turn names the endpoint, and nothing that is recorded or shown has a key in it', async () => {
  const headers = { Prefer: 'wait=20' };
  const { body } = await service.call('POST', '/v1/workflows/Office.work/runs', { headers });
  expect(body).toMatchObject({ status: 'succeeded' });
  const [turn] = await database.query<{ output: string }>(
    `SELECT output FROM dbos.operation_outputs WHERE workflow_uuid = $1 AND function_name = 'model'`,
    [body['id']],
  );
  expect(turn!.output).toContain('"endpoint":"a"');
  const tables = ['dbos.operation_outputs', 'dbos.workflow_status', 'dbos.streams', 'holdfast.attempts'];
  for (const table of tables) {
    const rows = await database.query(`SELECT * FROM ${table}`);
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  }
  expect(JSON.stringify(await view())).not.toContain(SECRET);
});
