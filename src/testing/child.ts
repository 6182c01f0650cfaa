// A built service as a process of its own, for tests that kill it, stop it, or run several of it on one database.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { engineOfTests } from '../config.ts';
import { HoldfastError } from '../core/errors.ts';
import type { CrashPoint } from './crash.ts';
import { type CallOptions, type CallResult, sendRequest } from './request.ts';

export interface ChildOptions {
  /** The built module whose default export is `createApp({ … })`. */
  app: string;
  databaseUrl: string;
  /** Where the process is to kill itself. */
  crashAt?: CrashPoint | undefined;
  /** The process's environment beside `DATABASE_URL` and `PORT`; it inherits nothing. */
  env?: NodeJS.ProcessEnv;
}

/** How a process ended: its exit code, or the signal that killed it. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running service process. */
export interface ChildService {
  url: string;
  pid: number;
  /** Resolves when the process has ended. */
  exited: Promise<Exit>;
  /** What it logged so far, one JSON object a line. */
  log(): string;
  /** Sends a request with a JSON body, if there is one, and returns the answer with its body parsed. */
  call<Body = Record<string, unknown>>(method: string, path: string, options?: CallOptions): Promise<CallResult<Body>>;
  /** Sends the signal, SIGKILL unless another one is named, and resolves when the process has ended. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  [Symbol.asyncDispose](): Promise<void>;
}

const READY = /"msg":"Holdfast is ready at (http:[^ "]+)/;
const READY_WITHIN_MS = 30_000;

/**
 * Starts the service on a free port and resolves when it takes requests.
 * @throws HoldfastError `child_not_ready`, with what it logged, when it ended before that or took longer than 30 s
 */
export async function startChild(options: ChildOptions): Promise<ChildService> {
  const child = spawn(process.execPath, commandOf(options), {
    env: { LOG_FORMAT: 'json', ...engineOfTests(), ...options.env, DATABASE_URL: options.databaseUrl, PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const exited = exitOf(child);
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> => {
    child.kill(signal);
    return exited;
  };
  const url = await urlOf(child, () => log, exited).catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return {
    url,
    pid: child.pid!,
    exited,
    log: () => log,
    call: (method, path, call) => sendRequest(url, method, path, call),
    kill,
    [Symbol.asyncDispose]: async () => void (await kill()),
  };
}

/** The built programs are asked for by the package's root, so that this works from the sources, too. */
function commandOf({ app, crashAt }: ChildOptions): string[] {
  const root = dirname(createRequire(import.meta.url).resolve('holdfast/package.json'));
  if (crashAt !== undefined) return [join(root, 'dist/src/testing/crashing.js'), app, crashAt];
  return [join(root, 'dist/src/cli/main.js'), 'start', app];
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

async function urlOf(child: ChildProcess, log: () => string, exited: Promise<Exit>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const failed = (what: string): void =>
    reject(
      new HoldfastError('child_not_ready', `The service process ${what} before it was ready. It logged:\n${log()}`),
    );
  const look = (): void => {
    const url = READY.exec(log())?.[1];
    if (url !== undefined) resolve(url);
  };
  const timer = setTimeout(() => failed(`took longer than ${READY_WITHIN_MS / 1000} s`), READY_WITHIN_MS);
  child.stderr?.on('data', look);
  exited.then(
    ({ code, signal }) => failed(`ended with ${signal ?? code}`),
    (error: Error) => failed(`could not be started (${error.message})`),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.stderr?.off('data', look);
  }
}
