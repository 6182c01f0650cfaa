import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey } from '../../src/admission/keys.ts';
import { readConfig } from '../../src/config.ts';
import { createApp, type RunningApp } from '../../src/index.ts';
import { sendRequest } from '../../src/testing/request.ts';
import { Counter } from '../support/apps/counter.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { LinkPage } from './support/link-page.ts';

const PUBLIC_URL = 'https://holdfast.example/desk';
const lines: string[] = [];
const sent: { url: string; question: string }[] = [];
let database: TestDatabase;
let app: RunningApp;
let headers: Record<string, string>;

/** A log that keeps all that it is told. */
const log = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [
    level,
    (...words: unknown[]) => lines.push(JSON.stringify(words)),
  ]),
) as unknown as Parameters<ReturnType<typeof createApp>['start']>[1];

beforeAll(async () => {
  database = await freshDatabase();
  const environment = { DATABASE_URL: database.url, PORT: '0', HOLDFAST_AUTH: 'keys', HOLDFAST_PUBLIC_URL: PUBLIC_URL };
  app = await createApp({
    services: [Counter],
    approvals: {
      notify: async ({ question }, { link }) => void sent.push({ question, url: await link({ for: 'ana' }) }),
    },
  }).start(readConfig(environment), log);
  const { key } = await createKey(app.database.transactions, { tenant: 'acme', name: 'bo', roles: ['link-issuer'] });
  headers = { Authorization: `Bearer ${key}` };
});

afterAll(async () => {
  await app?.stop();
  await database?.drop();
});

/** The page where the service listens: nobody answers at the address that people have. */
function here(url: string): LinkPage {
  return new LinkPage(url.replace(PUBLIC_URL, app.url));
}

test('links begin with the address that people have, and their tokens are in no log and no table', async () => {
  const body = { payment: { to: 'shop', cents: 1 }, rule: { role: 'manager' } };
  const run = await sendRequest<{ id: string }>(app.url, 'POST', '/v1/workflows/Counter.buy/runs', { body, headers });
  const { url } = await until('the message', () => sent[0]);
  expect(url).toMatch(/^https:\/\/holdfast\.example\/desk\/approve\/[\w-]{43}$/);
  const page = here(url);
  expect((await page.open()).status).toBe(200);
  const list = await sendRequest<{ items: { id: string }[] }>(app.url, 'GET', '/v1/approvals', { headers });
  const { id } = list.body.items[0]!;
  const options = { body: { for: 'cleo' }, headers };
  const made = await sendRequest<{ url: string }>(app.url, 'POST', `/v1/approvals/${id}/links`, options);
  expect(made.headers.get('cache-control')).toBe('no-store');
  expect(made.body.url).toMatch(new RegExp(`^${PUBLIC_URL}/approve/`));

  await database.query('ALTER TABLE holdfast.approval_links RENAME TO elsewhere');
  expect((await page.open()).status).toBe(500);
  expect((await page.send({ decision: 'approve', argumentsHash: 'f'.repeat(64) })).status).toBe(500);
  await database.query('ALTER TABLE holdfast.elsewhere RENAME TO approval_links');
  const argumentsHash = /value="([0-9a-f]{64})"/.exec((await page.open()).text)![1]!;
  expect((await page.send({ decision: 'approve', argumentsHash })).status).toBe(200);
  await sendRequest(app.url, 'GET', `/v1/runs/${run.body.id}/result?wait=20`, { headers });

  const failures = lines.filter((line) => line.includes('/approve/'));
  expect(failures).toHaveLength(2);
  expect(failures[0]).toContain('GET /approve/… failed');
  for (const { token } of [page, here(made.body.url)]) {
    expect(lines.join('\n')).not.toContain(token);
    const tables = await database.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('holdfast', 'dbos')`,
    );
    for (const { name } of tables)
      expect(JSON.stringify(await database.query(`SELECT t::text FROM ${name} t`))).not.toContain(token);
  }
});
