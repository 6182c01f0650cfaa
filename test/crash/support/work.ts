// Processes of a test app, with a database and a witness, for the tests of one file.

import { afterAll, afterEach, beforeAll } from 'vitest';
import { type ChildService, startChild } from '../../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { appPath, buildApps } from './apps.ts';
import { openWitness, type Witness } from './witness.ts';

/** Hundreds of processes start; each of them is ready sooner when it need not compile its modules. */
const { NODE_COMPILE_CACHE } = process.env;

export interface WorkWorld {
  readonly database: TestDatabase;
  readonly witness: Witness;
  /** Starts a process; it is killed after the test, if it still runs then. */
  start(options?: { databaseUrl?: string; env?: NodeJS.ProcessEnv }): Promise<ChildService>;
  /** Starts a run and returns its id. */
  submit(service: ChildService, workflow: string, body?: unknown): Promise<string>;
  /** Waits for the run's end. */
  result(service: ChildService, id: string): Promise<Record<string, unknown>>;
}

/** Builds the test apps, and lets the tests of the calling file start one of them. */
export function workWorld(app: 'work' | 'storm' | 'approvals' = 'work'): WorkWorld {
  let database: TestDatabase;
  let witness: Witness;
  const children: ChildService[] = [];
  beforeAll(async () => {
    buildApps();
    database = await freshDatabase('crash');
    witness = await openWitness();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await child.kill();
  });
  afterAll(async () => {
    witness?.close();
    await database?.drop();
  });
  return {
    get database() {
      return database;
    },
    get witness() {
      return witness;
    },
    start: async ({ databaseUrl = database.url, env = {} } = {}) => {
      const child = await startChild({
        app: appPath(app),
        databaseUrl,
        env: { WITNESS_URL: witness.url, NODE_COMPILE_CACHE, ...env },
      });
      children.push(child);
      return child;
    },
    submit: async (service, workflow, body) => {
      const { body: run } = await service.call(
        'POST',
        `/v1/workflows/${workflow}/runs`,
        body === undefined ? {} : { body },
      );
      return String(run.id);
    },
    result: async (service, id) => (await service.call('GET', `/v1/runs/${id}/result?wait=30`)).body,
  };
}
