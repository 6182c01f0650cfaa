import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyDatabase, type TestDatabase } from '../support/database.ts';
import { holdfast } from './support.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await emptyDatabase();
});

afterAll(() => database.drop());

test('a database is brought up to date once', async () => {
  const first = await holdfast(['migrate', '--json'], { DATABASE_URL: database.url });
  expect(JSON.parse(first.stdout)).toMatchObject({
    applied: expect.arrayContaining(['0001_executors.sql', '0004_views.sql']),
  });
  const second = await holdfast(['migrate'], { DATABASE_URL: database.url });
  expect(second).toMatchObject({ code: 0, stdout: 'The database is up to date.\n' });
});

test('keys are made, listed and revoked; only the first of these shows the key', async () => {
  const environment = { DATABASE_URL: database.url };
  const created = await holdfast(['keys', 'create', '--tenant', 'acme', '--name', 'ci', '--json'], environment);
  const { key, hint } = JSON.parse(created.stdout) as { key: string; hint: string };
  const list = await holdfast(['keys', 'list'], environment);
  expect(list.stdout).toContain(hint);
  expect(list.stdout).not.toContain(key);
  expect((await holdfast(['keys', 'revoke', hint], environment)).stdout).toContain("of tenant 'acme' is revoked");
  const again = await holdfast(['keys', 'revoke', hint], environment);
  expect(again).toMatchObject({ code: 1 });
  expect(again.stderr).toContain('[key_not_found]');
});

test('a key has the roles of who uses it', async () => {
  const environment = { DATABASE_URL: database.url };
  const roles = ['--role', 'manager', '--role', 'cfo', '--role', 'manager'];
  const made = await holdfast(['keys', 'create', '--tenant', 'acme', '--name', 'ana', ...roles, '--json'], environment);
  expect(JSON.parse(made.stdout)).toMatchObject({ name: 'ana', roles: ['manager', 'cfo'] });
  expect((await holdfast(['keys', 'list'], environment)).stdout).toMatch(/manager,cfo +ana/);
  const wrong = await holdfast(['keys', 'create', '--tenant', 'acme', '--role', 'two words'], environment);
  expect(wrong).toMatchObject({ code: 1, stdout: '' });
  expect(wrong.stderr).toContain('[invalid_role]');
});

test('the doctor names what is wrong, and fails', async () => {
  const environment = { DATABASE_URL: database.url, PORT: '0' };
  await holdfast(['migrate'], environment);
  expect((await holdfast(['doctor'], environment)).stdout).toMatch(/ok +database +Postgres 18.*up to date/);
  const ill = await holdfast(['doctor', '--json'], {
    DATABASE_URL: 'postgresql://u:secret@127.0.0.1:1/x',
    HOLDFAST_DATABASE_DEADLINE_SECONDS: '0',
  });
  expect(ill.code).toBe(1);
  expect(JSON.parse(ill.stdout)).toContainEqual(expect.objectContaining({ check: 'database', ok: false }));
  expect(ill.stdout + ill.stderr).not.toContain('secret');
});

test('the doctor changes nothing', async () => {
  const empty = await emptyDatabase();
  const { stdout } = await holdfast(['doctor'], { DATABASE_URL: empty.url, PORT: '0' });
  expect(stdout).toMatch(/ok +database .*'holdfast migrate', applies the engine's schema, 0001_executors.sql/);
  expect(await empty.query(`SELECT FROM pg_namespace WHERE nspname IN ('holdfast', 'dbos')`)).toEqual([]);
  const url = new URL(empty.url);
  await empty.drop();
  const gone = await holdfast(['doctor'], { DATABASE_URL: url.href, PORT: '0' });
  expect(gone.stdout).toMatch(/ok +database .*the first start creates the database/);
});

test('the doctor makes no embedded server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  const dataDirectory = join(folder, 'postgres');
  const { stdout } = await holdfast(['doctor'], { HOLDFAST_DATA_DIR: dataDirectory, PORT: '0' });
  expect(stdout).toContain(`which the first start makes in ${dataDirectory}`);
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

test('to the doctor a port is fine when a service has it, and not when something else has', async () => {
  const server = createServer((request, response) =>
    response.writeHead(request.url === '/healthz' && isService ? 200 : 404).end('{"status":"ok"}'),
  );
  let isService = true;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const PORT = String((server.address() as AddressInfo).port);
  const environment = { DATABASE_URL: database.url, PORT };
  expect((await holdfast(['doctor'], environment)).stdout).toMatch(/ok +port .*healthy service/);
  isService = false;
  expect((await holdfast(['doctor'], environment)).stdout).toMatch(/FAIL +port .*something else/);
  server.close();
});

test('a table that goes to a pipe has no escapes', async () => {
  const { stdout } = await holdfast(['keys', 'list'], { DATABASE_URL: database.url, FORCE_COLOR: '1' });
  expect(stdout).toContain('TENANT');
  expect(stdout).not.toContain('\u001B');
});

test('a service whose lanes the app does not have says which there are', async () => {
  const { code, stderr } = await holdfast(['start', 'dist/examples/01-documents/app.js', '--lanes', 'nowhere'], {
    DATABASE_URL: database.url,
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/'nowhere'.*has the lanes default/);
});

test('a service whose database is away says so and ends', async () => {
  const { code, stderr } = await holdfast(['start', 'dist/examples/01-documents/app.js'], {
    DATABASE_URL: 'postgresql://u:secret@127.0.0.1:1/x',
    HOLDFAST_DATABASE_DEADLINE_SECONDS: '0',
  });
  expect(code).toBe(1);
  expect(stderr).toContain('127.0.0.1:1');
  expect(stderr).not.toContain('secret');
});

test('every problem of the environment is named at once', async () => {
  const { code, stderr } = await holdfast(['start'], {
    PORT: 'x',
    HOLDFAST_ROLE: 'boss',
    OPENAI_BASE_URL: 'nowhere',
    DATABASE_URL: 'mysql://secret',
  });
  expect(code).toBe(1);
  for (const name of ['PORT', 'HOLDFAST_ROLE', 'OPENAI_BASE_URL', 'DATABASE_URL']) expect(stderr).toContain(name);
  expect(stderr).not.toContain('secret');
});

test.each([
  [['start', 'nowhere.js'], 1, 'app_not_found'],
  [['start', 'dist/src/core/run.js'], 1, 'not_an_app'],
  [['start', 'package.json'], 1, 'not_an_app'],
  [['runs', 'list', '--url', 'foo'], 2, 'not an http(s) address'],
  [['keys', 'create'], 2, '--tenant'],
  [['nonsense'], 2, "unknown command 'nonsense'"],
  [['runs', 'list', '--url', 'http://127.0.0.1:1'], 1, 'service_unreachable'],
])('%j fails with exit code %i', async (args, code, words) => {
  const answer = await holdfast(args);
  expect(answer.code).toBe(code);
  expect(answer.stderr).toContain(words);
});

test.each([[['--help']], [['runs', '--help']], [['keys', '--help']], [['approvals', '--help']], [['--version']]])(
  '%j is answered on standard output',
  async (args) => {
    const { code, stdout, stderr } = await holdfast(args);
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(4);
    expect(stderr).toBe('');
  },
);
