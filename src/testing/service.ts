// A whole service for a test: real HTTP, a real engine, a database of its own.

import type { App, RunningApp } from '../app.ts';
import { type Config, readConfig } from '../config.ts';
import type { Models } from '../inference/registry.ts';
import { createLog } from '../observe/log.ts';

export interface ServiceOptions {
  /** The app under test. */
  app: App;
  /** Its database, which is brought up to date first. */
  databaseUrl: string;
  /** The models behind the model classes; the offline local one by default. */
  models?: Models;
  /** Differences from a configuration with a free port on loopback. */
  config?: Partial<Config>;
}

/** A service that a test talks to. */
export interface TestService {
  url: string;
  running: RunningApp;
  /** Sends a request with a JSON body, if there is one, and returns the answer with its body parsed. */
  call<Body = Record<string, unknown>>(method: string, path: string, options?: CallOptions): Promise<CallResult<Body>>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface CallResult<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** Starts a service. There can be one in a process at a time, because the engine is one to a process. */
export async function startService(options: ServiceOptions): Promise<TestService> {
  const config: Config = {
    ...readConfig({ DATABASE_URL: options.databaseUrl, PORT: '0', HOLDFAST_GRACE_SECONDS: '5' }),
    ...options.config,
  };
  const log = createLog({ level: config.logLevel === 'info' ? 'warn' : config.logLevel, format: 'json' });
  const running = await options.app.start(config, log, options.models);
  const stop = async (): Promise<void> => void (await running.stop());
  return {
    url: running.url,
    running,
    call: (method, path, call) => send(running.url, method, path, call),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function send<Body>(
  url: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<CallResult<Body>> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.body !== undefined) headers['Content-Type'] ??= 'application/json';
  const response = await fetch(new URL(path, url), {
    method,
    headers,
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: options.signal ?? null,
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson && text !== '' ? JSON.parse(text) : text) as Body,
  };
}
