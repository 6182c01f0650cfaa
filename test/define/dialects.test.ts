// The same class, compiled once with each dialect of decorators by the real compiler, and run.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../../src/index.ts';
import { startChild } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

const SOURCE = `
import { configured, createApp, db, step, transaction, workflow } from 'holdfast';
import { z } from 'zod';

class Maths {
  @workflow({ input: z.object({ n: z.number() }) })
  static async twice(input: { n: number }): Promise<number> {
    return (await Maths.add(input.n)) + (await Maths.one());
  }

  @step({ retries: { attempts: 2 } })
  static async add(n: number): Promise<number> {
    return n + n;
  }

  @transaction()
  static async one(): Promise<number> {
    const { rows } = await db().raw<{ rows: { one: number }[] }>('SELECT 1 AS one');
    return rows[0]!.one;
  }
}

class Named {
  @workflow()
  async name(): Promise<string> {
    return this.value();
  }

  @step()
  async value(): Promise<string> {
    return 'an instance';
  }
}

export default createApp({ services: [Maths, configured('it', new Named())] });
`;

/** Below the repository, so that the package finds itself by its name. */
const ROOT = dirname(createRequire(import.meta.url).resolve('holdfast/package.json'));
let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  folder = mkdtempSync(join(ROOT, 'dist', 'dialect-'));
  database = await freshDatabase();
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

test.each([
  ['standard', false],
  ['experimental', true],
])('%s decorators mark methods', async (dialect, experimentalDecorators) => {
  const source = join(folder, `${dialect}.ts`);
  writeFileSync(source, SOURCE);
  const options = [
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--strict',
    '--skipLibCheck',
    '--types',
    'node',
    '--ignoreConfig',
  ];
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [
    compiler,
    ...options,
    '--experimentalDecorators',
    String(experimentalDecorators),
    source,
  ]);
  const built = join(folder, `${dialect}.js`);
  const { default: app } = (await import(pathToFileURL(built).href)) as { default: App };
  expect(app.catalogue.workflows.map((entry) => entry.name)).toEqual(['Maths.twice', 'Named.it.name']);

  await using service = await startChild({ app: built, databaseUrl: database.url });
  const headers = { Prefer: 'wait=20' };
  const maths = await service.call('POST', '/v1/workflows/Maths.twice/runs', { body: { n: 4 }, headers });
  expect(maths.body).toMatchObject({ status: 'succeeded', result: 9 });
  const named = await service.call('POST', '/v1/workflows/Named.it.name/runs', { headers });
  expect(named.body).toMatchObject({ status: 'succeeded', result: 'an instance' });
  await service.kill('SIGTERM');
});
