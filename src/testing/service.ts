// A whole service for a test: real HTTP, a real engine, a database of its own.

import type { App } from '../app.ts';
import { type Config, engineOfTests, readConfig } from '../config.ts';
import type { Duration } from '../core/duration.ts';
import type { ModelSource } from '../inference/registry/registry.ts';
import { createLog } from '../observe/log.ts';
import type { RunningApp } from '../running-app.ts';
import { createTestDatabase } from './database.ts';
import { type CallOptions, type CallResult, sendRequest } from './request.ts';
import { skipTime } from './skip-time.ts';

export type { CallOptions, CallResult };

export interface ServiceOptions {
  /** The app under test. */
  app: App;
  /** Its database, which is brought up to date first; by default a new one, which is removed when the service stops. */
  databaseUrl?: string;
  /** What answers for all model classes in place of the models that the app and its configuration have. */
  models?: ModelSource;
  /** Differences from a configuration with a free port on loopback. */
  config?: Partial<Config>;
}

/** A service that a test talks to. */
export interface TestService {
  url: string;
  running: RunningApp;
  /** Sends a request with a JSON body, if there is one, and returns the answer with its body parsed. */
  call<Body = Record<string, unknown>>(method: string, path: string, options?: CallOptions): Promise<CallResult<Body>>;
  /** `skipTime()` on the service's database. */
  skipTime(duration: Duration): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a service. There can be one in a process at a time, because the engine is one to a process. */
export async function startService(options: ServiceOptions): Promise<TestService> {
  const database = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  try {
    const running = await startOn(options.databaseUrl ?? database!.url, options);
    const stopOnce = async (): Promise<void> => {
      await running.stop();
      await database?.drop();
    };
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopped ??= stopOnce());
    return {
      url: running.url,
      running,
      call: (method, path, call) => sendRequest(running.url, method, path, call),
      skipTime: (duration) => skipTime(running.database.url, duration),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await database?.drop();
    throw error;
  }
}

async function startOn(databaseUrl: string, { app, models, config }: ServiceOptions): Promise<RunningApp> {
  const settings: Config = {
    ...readConfig({ ...engineOfTests(), DATABASE_URL: databaseUrl, PORT: '0', HOLDFAST_GRACE_SECONDS: '5' }),
    ...config,
  };
  const log = createLog({ level: settings.logLevel === 'info' ? 'warn' : settings.logLevel, format: 'json' });
  return app.start(settings, log, { models });
}
