// A service with a database of its own for the tests of one file.

import { afterAll, beforeAll } from 'vitest';
import { type AppOptions, createApp } from '../../src/index.ts';
import {
  type CallOptions,
  type CallResult,
  type ServiceOptions,
  startService,
  type TestService,
} from '../../src/testing/service.ts';
import { freshDatabase, type TestDatabase } from './database.ts';

export interface Served {
  readonly service: TestService;
  readonly database: TestDatabase;
  call<Body = Record<string, unknown>>(method: string, path: string, options?: CallOptions): Promise<CallResult<Body>>;
  /** Starts a run and waits for its end. */
  run(workflow: string, body?: unknown): Promise<Record<string, unknown>>;
  /** Stops the service and starts it again on the same database. */
  restart(): Promise<void>;
}

/** Serves an app while the tests of the calling file run. */
export function serve(app: AppOptions, options: Partial<ServiceOptions> = {}): Served {
  let database: TestDatabase;
  let service: TestService;
  const start = async (): Promise<void> => {
    service = await startService({ app: createApp(app), databaseUrl: database.url, ...options });
  };
  beforeAll(async () => {
    database = await freshDatabase();
    await start();
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });
  return {
    get service() {
      return service;
    },
    get database() {
      return database;
    },
    call: (method, path, call) => service.call(method, path, call),
    run: async (workflow, body) => {
      const headers = { Prefer: 'wait=20' };
      return (
        await service.call(
          'POST',
          `/v1/workflows/${workflow}/runs`,
          body === undefined ? { headers } : { body, headers },
        )
      ).body;
    },
    restart: async () => {
      await service.stop();
      await start();
    },
  };
}
