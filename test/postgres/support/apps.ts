// Starts processes that use an embedded server, and sees what became of the server.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { onTestFinished, vi } from 'vitest';
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from '../../../src/postgres/embedded/server.ts';
import { isPostmaster } from '../../../src/postgres/embedded/postmaster.ts';

const APP = fileURLToPath(new URL('app.ts', import.meta.url));

/** The processes are killed, not the machine: nothing has to reach the disk before the operating system sees fit. */
const QUICK = { fsync: 'off' };

/** A running process, and the server that it got. */
export interface App {
  process: ChildProcess;
  server: Pick<EmbeddedServer, 'pid' | 'port' | 'attached' | 'dataDir'> & { url: string };
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** How a process is started. */
export interface Surroundings {
  environment?: Record<string, string>;
  /** Whom it runs as; only root can choose. */
  account?: { uid: number; gid: number };
  /** A command that runs the command after it. */
  through?: string[];
}

/** Starts a process, which is killed after the test. Rejects with what the process says when it gets no server. */
export async function startApp(options: EmbeddedOptions, surroundings: Surroundings = {}): Promise<App> {
  const { environment, account, through = [] } = surroundings;
  const command = [...through, process.execPath, APP, JSON.stringify({ settings: QUICK, ...options })];
  const child = spawn(command[0]!, command.slice(1), {
    ...account,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  onTestFinished(() => kill());
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the app ended before it had a server')));
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
  const server = JSON.parse(line);
  if (server.code !== undefined) throw Object.assign(new Error(server.message), { code: server.code });
  return { process: child, server, kill };
}

/** Starts or joins a server in this process; it is given back after the test. */
export async function startHere(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const server = await startEmbedded({ settings: QUICK, ...options });
  onTestFinished(() => server.stop());
  return server;
}

/** Resolves when the server process is gone. */
export function untilGone({ pid, dataDir }: { pid: number; dataDir: string }): Promise<void> {
  return vi.waitFor(
    () => {
      if (isPostmaster(pid, dataDir)) throw new Error(`the server ${pid} is still there`);
    },
    { timeout: 10_000, interval: 10 },
  );
}

/** Runs one statement on a server and returns its rows. */
export async function sql<Row extends pg.QueryResultRow = any>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
