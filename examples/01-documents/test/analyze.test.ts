import { readFileSync, readdirSync } from 'node:fs';
import { startModelServer, startService, type TestService } from 'holdfast/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase, type TestDatabase } from '../../../test/support/database.ts';
import app from '../app.ts';
import { closeReaders } from '../read/read-document.ts';
import type { Analysis, BatchResult } from '../types.ts';

const ANALYZE = '/v1/workflows/Documents.analyze/runs';
const SAMPLES = new URL('../samples/', import.meta.url);

let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  database = await freshDatabase();
  service = await startService({ app, databaseUrl: database.url });
});

afterAll(async () => {
  await service.stop();
  await closeReaders();
  await database.drop();
});

interface Ended {
  id: string;
  status: string;
  result: Analysis;
  error: { code: string; message: string } | null;
}

async function analyze(body: unknown): Promise<Ended> {
  return (await service.call<Ended>('POST', ANALYZE, { body, headers: { Prefer: 'wait=30' } })).body;
}

function sample(name: string): { name: string; base64: string } {
  return { name, base64: readFileSync(new URL(name, SAMPLES)).toString('base64') };
}

test('a proposal is analysed without any key or network, and its header stands in the fields', async () => {
  const { status, result, id } = await analyze(sample('pep-0506.rst'));
  expect(status).toBe('succeeded');
  expect(result).toMatchObject({
    name: 'pep-0506.rst',
    kind: 'proposal',
    title: 'Adding A Secrets Module To The Standard Library',
    language: 'en',
    model: 'local',
    fields: {
      Title: 'Adding A Secrets Module To The Standard Library',
      Status: 'Final',
      Type: 'Standards Track',
      Created: '19-Sep-2015',
    },
  });
  expect(result.summary).toMatch(/secret|random|token/i);
  expect(result.keyphrases.length).toBeGreaterThan(2);
  const rows = await database.query(
    'SELECT id, run_id, title, fields ->> $1 AS status FROM documents WHERE run_id = $2',
    ['Status', id],
  );
  expect(rows).toEqual([{ id: result.documentId, run_id: id, title: result.title, status: 'Final' }]);
});

test.each([
  ['invoice.pdf', 'invoice', 'Invoice INV-2041', 'en'],
  ['letter.docx', 'letter', 'Delivery of three gauges', 'en'],
  ['protokoll.txt', 'minutes', 'Protokoll der Vorstandssitzung', 'de'],
  ['readme.md', 'readme', 'Tidewatch', 'en'],
  ['order.eml', 'email', 'Order of three gauges – delivery in April', 'en'],
])('%s is found to be of kind %s', async (name, kind, title, language) => {
  expect((await analyze(sample(name))).result).toMatchObject({ kind, title, language });
});

test('a licence text is known for what it is', async () => {
  const text = readFileSync(new URL('../../../LICENSE', import.meta.url), 'utf8');
  expect((await analyze({ name: 'LICENSE', text })).result).toMatchObject({ kind: 'licence' });
});

test('a folder is analysed as a batch, each document in a run of its own', async () => {
  const { body } = await service.call<{ id: string; result: BatchResult }>(
    'POST',
    '/v1/workflows/Documents.analyzeBatch/runs',
    {
      body: { directory: 'examples/01-documents/samples' },
      headers: { Prefer: 'wait=30' },
    },
  );
  const files = readdirSync(SAMPLES);
  expect(body.result).toMatchObject({ total: files.length, succeeded: files.length, failed: 0 });
  const rows = await database.query(`SELECT count(*)::int AS n FROM documents WHERE run_id LIKE $1`, [`${body.id}-%`]);
  expect(rows).toEqual([{ n: files.length }]);
});

test('a batch tells how far it is, and reports what failed beside what did not', async () => {
  const documents = [
    sample('readme.md'),
    { name: 'broken.pdf', text: '%PDF-1.7 nothing' },
    { name: 'gone.txt', file: 'no/such/file.txt' },
  ];
  const { body } = await service.call<{ id: string; result: BatchResult }>(
    'POST',
    '/v1/workflows/Documents.analyzeBatch/runs',
    {
      body: { documents },
      headers: { Prefer: 'wait=30' },
    },
  );
  expect(body.result).toMatchObject({
    total: 3,
    succeeded: 1,
    failed: 2,
    documents: [
      { name: 'readme.md', status: 'succeeded', kind: 'readme' },
      { name: 'broken.pdf', status: 'failed', error: { code: 'document_broken' } },
      { name: 'gone.txt', status: 'failed', error: { code: 'file_not_found' } },
    ],
  });
  const events = await service.call<string>('GET', `/v1/runs/${body.id}/events`);
  const values = [...events.body.matchAll(/event: progress\ndata: (.*)/g)].map(
    (match) => (JSON.parse(match[1]!) as { value: { done: number } }).value.done,
  );
  expect(values).toHaveLength(4);
  expect(values[0]).toBe(0);
});

test.each([
  [{ name: 'x', text: '' }, 'document_empty'],
  [{ name: 'x', base64: 'AAAAAAAA' }, 'document_binary'],
  [{ name: 'x', url: 'http://127.0.0.1:5432/' }, 'url_forbidden_address'],
  [{ name: 'x', url: 'gopher://a' }, 'url_invalid'],
  [{ name: 'x', file: '../../../../../etc/passwd' }, 'file_not_found'],
  [{ name: 'x', file: '.env' }, 'file_not_found'],
])('%j fails with %s, and leaves no document', async (body, code) => {
  const run = await analyze(body);
  expect(run).toMatchObject({ status: 'failed', error: { code } });
  expect(await database.query('SELECT 1 FROM documents WHERE run_id = $1', [run.id])).toEqual([]);
});

test.each([
  [{ text: 'no name' }, '/name'],
  [{ name: 'x' }, ''],
  [{ name: 'x', text: 'a', url: 'http://a.example' }, ''],
  [{ name: 'x', text: 'a', colour: 'red' }, '/colour'],
  [{ name: 'a\u0000b', text: 'a' }, '/name'],
  [{ name: 'a\ud800b', text: 'a' }, '/name'],
  [{ name: 'x', base64: 'not base64!' }, '/base64'],
])('%j is refused before anything is recorded', async (body, pointer) => {
  expect(await service.call('POST', ANALYZE, { body })).toMatchObject({
    status: 422,
    body: { code: 'invalid_input', errors: [{ pointer }] },
  });
});

test('with an endpoint configured it is asked once for each question, and again after it was busy', async () => {
  await service.stop();
  let busy = 1;
  const stub = await startModelServer((request) => {
    if (busy-- > 0) return { status: 429, retryAfter: 0 };
    const question = JSON.stringify(request);
    if (question.includes('Classify')) return { json: { kind: 'report', language: 'en' } };
    if (question.includes('Summarise')) return { json: { summary: 'In short.' } };
    return { json: { entities: [{ text: 'Bergen', type: 'place' }], keyphrases: ['gauges'] } };
  });
  const openai = { baseUrl: stub.url, apiKey: 'secret', model: 'tiny' };
  service = await startService({ app, databaseUrl: database.url, config: { openai } });
  const { result } = await analyze({ name: 'a.txt', text: 'Some words about gauges in Bergen.' });
  expect(result).toMatchObject({
    kind: 'report',
    summary: 'In short.',
    entities: [{ text: 'Bergen' }],
    keyphrases: ['gauges'],
    model: 'tiny',
  });
  expect(result.usage.inputTokens).toBeGreaterThan(0);
  expect(stub.requests).toHaveLength(4);
  await stub.close();
});
