// A service whose models stand in a file of its own, on a database of its own.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createApp } from '../../../src/index.ts';
import { startService, type TestService } from '../../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

export interface ServedWithModels {
  readonly service: TestService;
  readonly database: TestDatabase;
}

/** Serves `services` while the tests of the calling file run. `modelsYaml` returns the file, and is called first. */
export function serveWithModels(
  services: Parameters<typeof createApp>[0]['services'],
  modelsYaml: () => Promise<string>,
): ServedWithModels {
  let folder: string;
  let database: TestDatabase;
  let service: TestService;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'models-'));
    const file = join(folder, 'models.yaml');
    await writeFile(file, await modelsYaml());
    database = await freshDatabase();
    const models = { file, isRequired: true, variable: () => undefined };
    service = await startService({ app: createApp({ services }), databaseUrl: database.url, config: { models } });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  return {
    get service() {
      return service;
    },
    get database() {
      return database;
    },
  };
}
