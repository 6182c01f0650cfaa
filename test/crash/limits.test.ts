// `kill -9` of processes that share the limits of an endpoint: what they held comes back, what waited goes on, and the limits hold.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type ChatRequest,
  type ChildService,
  type ModelServer,
  startChild,
  startModelServer,
} from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { appPath, buildApps } from './support/apps.ts';

let database: TestDatabase;
let model: ModelServer;
let folder: string;

beforeAll(async () => {
  buildApps();
  model = await startModelServer(({ messages }: ChatRequest) =>
    JSON.stringify(messages).includes('for ever') ? { hang: true } : { text: 'Done.', delayMs: 50 },
  );
  folder = await mkdtemp(join(tmpdir(), 'holdfast-limits-'));
});

beforeEach(async () => {
  database = await freshDatabase('crash');
});

afterEach(() => database?.drop());

afterAll(async () => {
  await model?.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(limits: string): Promise<ChildService> {
  const file = join(folder, 'models.yaml');
  await writeFile(
    file,
    `endpoints:\n  stub: { baseUrl: "${model.url}", model: stub, ${limits} }\nclasses:\n  small: [stub]\n`,
  );
  return startChild({ app: appPath('caller'), databaseUrl: database.url, env: { HOLDFAST_MODELS: file } });
}

async function submit(service: ChildService, prompt: string): Promise<string> {
  return String((await service.call('POST', '/v1/workflows/Caller.call/runs', { body: prompt })).body.id);
}

test('calls at the same time that a killed process had are free again once its lease has ended', async () => {
  await using first = await start('concurrency: 2');
  const ids = [await submit(first, 'for ever 1'), await submit(first, 'for ever 2')];
  await until('both calls', () => model.requests.length === 2);
  await using second = await start('concurrency: 2');
  const waiting = await submit(second, 'short');
  await until('the third to wait', async () => {
    const { body } = await second.call<{ items: { waiting: number }[] }>('GET', '/v1/buckets');
    return body.items[0]?.waiting === 1;
  });
  for (const id of ids) await second.call('POST', `/v1/runs/${id}/cancel`);
  await first.kill('SIGKILL');
  const { body } = await second.call('GET', `/v1/runs/${waiting}/result?wait=30`);
  expect(body).toMatchObject({ status: 'succeeded', result: 'Done.' });
});

test('runs that wait for room go on when the processes in which they began to wait are killed, within the limit', async () => {
  model.requests.length = 0;
  const before = performance.now();
  await using first = await start('rpm: 120');
  await using second = await start('rpm: 120');
  const ids = [];
  for (let n = 0; n < 30; n += 1) ids.push(await submit(n % 2 === 0 ? first : second, `call ${n}`));
  await until('some to be answered', () => model.requests.length > 11);
  await first.kill('SIGKILL');
  for (const id of ids) {
    const { body } = await second.call('GET', `/v1/runs/${id}/result?wait=30`);
    expect(body).toMatchObject({ status: 'succeeded' });
  }
  const seconds = (performance.now() - before) / 1000;
  // A call whose process was killed before its answer was recorded is made again; all that were made count.
  expect(model.requests.length).toBeGreaterThanOrEqual(30);
  expect(model.requests.length).toBeLessThanOrEqual(2 * (seconds + 5) + 1);
});
