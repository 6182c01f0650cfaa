// Which models are asked about a document, what that costs, and a change of models.yaml while the service runs.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChatRequest, type ModelServer, startModelServer, startService, type TestService } from 'holdfast/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import app from '../app.ts';
import { closeReaders } from '../read/read-document.ts';
import type { Analysis } from '../types.ts';

const USED = { usage: { inputTokens: 1000, outputTokens: 100 } };

let provider: ModelServer;
let folder: string;
let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  provider = await startModelServer((request) => ({ json: answerTo(request), ...USED }));
  folder = await mkdtemp(join(tmpdir(), 'documents-'));
  await writeModels('large-2');
  database = await freshDatabase();
  const models = { file: join(folder, 'models.yaml'), isRequired: true, variable: () => undefined };
  service = await startService({ app, databaseUrl: database.url, config: { models } });
});

afterAll(async () => {
  await service?.stop();
  await closeReaders();
  await provider?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

function answerTo(request: ChatRequest): unknown {
  const question = JSON.stringify(request.messages);
  if (question.includes('Classify')) return { kind: 'report', language: 'en' };
  if (question.includes('Summarise')) return { summary: 'In short.' };
  return { entities: [], keyphrases: ['gauges'] };
}

/** As editors do it: a new file takes the place of the old one. */
async function writeModels(large: string): Promise<void> {
  const text = `endpoints:
  cheap: { baseUrl: ${provider.url}, model: small-2, price: { input: 0.1, output: 0.4 } }
  good: { baseUrl: ${provider.url}, model: ${large}, price: { input: 3, output: 15 } }
classes:
  small: [cheap]
  reasoning: [good]
`;
  await writeFile(join(folder, 'models.yaml.new'), text);
  await rename(join(folder, 'models.yaml.new'), join(folder, 'models.yaml'));
}

interface Ended {
  status: string;
  result: Analysis;
  usage: { calls: number; costUsd: string | null };
}

async function analyze(): Promise<Ended> {
  const body = { name: 'a.txt', text: 'Some words about gauges in Bergen.' };
  const headers = { Prefer: 'wait=30' };
  return (await service.call<Ended>('POST', '/v1/workflows/Documents.analyze/runs', { body, headers })).body;
}

test('the summary is asked of the class for judgement, the rest of the small one, and the run says what that cost', async () => {
  const { status, result, usage } = await analyze();
  expect({ status, model: result.model }).toEqual({ status: 'succeeded', model: 'small-2, large-2' });
  // Two calls at $0.00014, and one at $0.0045.
  expect(usage).toMatchObject({ calls: 3, costUsd: '0.00478' });
});

test('a change of models.yaml moves the traffic without a restart', async () => {
  await writeModels('large-3');
  await until('the new model', async () => (await analyze()).result.model === 'small-2, large-3', 50);
});
