// The embedded server: one for all processes that use its data folder, and gone with the last of them, however that ends.

import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Unavailable } from '../../core/errors.ts';
import { pause } from '../../lib/pause.ts';
import { type Account, serverAccount } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { ensureCluster, LEASE_FILE, neutralEnvironment, placeFor } from './cluster.ts';
import { findPostmaster, isServerOf, type Postmaster } from './postmaster.ts';

export interface EmbeddedOptions {
  dataDir: string;
  /** A fixed port; any free one by default. */
  port?: number;
  /** Server settings beside our own, for tests. */
  settings?: Record<string, string>;
  log?: (line: string) => void;
  deadlineMs?: number;
}

export interface EmbeddedServer {
  /** Returns the address of `database`. It holds the password. */
  url(database?: string): string;
  port: number;
  pid: number;
  dataDir: string;
  /** Whether somebody else had started the server already. */
  attached: boolean;
  startMs: number;
  /** Gives our share in the server back. It stops once nobody has one; when we were the last, this waits for it. */
  stop(): Promise<void>;
}

const DEFAULT_DEADLINE_MS = 30_000;
const LOG_FILE = 'holdfast.log';
const LOOK_MS = 15;
const STOP_LOOKS = 400;
/** Longer than the server needs to hear that the last process is gone; after that others are still using it. */
const LOOKS_UNTIL_SHARED = 30;

/**
 * The shell that starts the server and waits beside it. `cat` reads the lease file until its last writer is gone, which the
 * kernel sees to even when that was killed; then the server is told to stop at once but cleanly.
 */
const WATCHER = `
"$PROGRAM" -D "$DATA" "$@" >>"$DATA/${LOG_FILE}" 2>&1 &
server=$!
( cat "$DATA/${LEASE_FILE}" >/dev/null; kill -INT $server ) &
lease=$!
wait $server
kill $lease 2>/dev/null
`;

/**
 * Starts the server on `dataDir`, or joins the one that runs on it already.
 * @throws Unavailable `embedded_unsupported`, `embedded_data_unusable`, `port_in_use`, `embedded_not_ready`
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const startedAt = Date.now();
  const account = serverAccount();
  const binaries = findBinaries(account);
  const dataDir = placeFor(options.dataDir, account);
  const password = ensureCluster(dataDir, binaries, account);
  // Held before we look for the server: one that is about to stop hears of us and is started again, one that runs stays.
  const lease = openSync(join(dataDir, LEASE_FILE), constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const { server, attached } = await untilReady({ ...options, dataDir }, binaries, account, startedAt);
    return {
      url: (database = 'postgres') => `postgresql://postgres:${password}@127.0.0.1:${server.port}/${database}`,
      port: server.port,
      pid: server.pid,
      dataDir,
      attached,
      startMs: Date.now() - startedAt,
      stop: once(() => leave(lease, server.pid, dataDir)),
    };
  } catch (error) {
    closeSync(lease);
    throw error;
  }
}

async function untilReady(
  options: EmbeddedOptions,
  binaries: Binaries,
  account: Account,
  startedAt: number,
): Promise<{ server: Postmaster; attached: boolean }> {
  const { dataDir, log, deadlineMs = DEFAULT_DEADLINE_MS } = options;
  let attached = true;
  while (Date.now() - startedAt < deadlineMs) {
    const running = findPostmaster(dataDir);
    if (running?.ready) return { server: running, attached };
    if (running) {
      await pause(LOOK_MS);
      continue;
    }
    const port = options.port ?? (await freePort());
    attached = !(await launch(options, binaries, account, port));
    if (!attached) continue;
    const words = lastWords(dataDir);
    if (options.port !== undefined && /could not bind|could not create any TCP/.test(words)) {
      throw new Unavailable('port_in_use', `Port ${options.port} is in use: the embedded Postgres cannot listen there. Leave the port out to use any free one.`);
    }
    log?.(`The embedded Postgres did not start, trying again: ${words}`);
    await pause(LOOK_MS * 4);
  }
  throw new Unavailable(
    'embedded_not_ready',
    `The embedded Postgres on ${dataDir} was not ready after ${Math.round(deadlineMs / 1000)} s. Its last words: ${lastWords(dataDir) || 'none'}.`,
  );
}

/** Starts a server; true once it is ready, false when it ended instead (another process may have been faster). */
async function launch({ dataDir, settings = {} }: EmbeddedOptions, binaries: Binaries, account: Account, port: number): Promise<boolean> {
  const ours = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', ...settings };
  const flags = Object.entries(ours).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn('/bin/sh', ['-c', WATCHER, 'sh', '-p', String(port), ...flags], {
    ...account,
    cwd: dataDir,
    env: { ...neutralEnvironment(), PROGRAM: binaries.postgres, DATA: dataDir },
    detached: true,
    stdio: 'ignore',
  });
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  child.unref();
  while (!ended) {
    const running = findPostmaster(dataDir);
    if (running?.ready && running.port === port) return true;
    await pause(LOOK_MS);
  }
  return false;
}

async function leave(lease: number, pid: number, dataDir: string): Promise<void> {
  closeSync(lease);
  for (let look = 0; look < STOP_LOOKS && isServerOf(pid, dataDir); look += 1) {
    if (look >= LOOKS_UNTIL_SHARED && findPostmaster(dataDir)?.ready) return;
    await pause(LOOK_MS);
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= action());
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

function lastWords(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, LOG_FILE), 'utf8').trim().split('\n').slice(-6).join(' | ');
  } catch {
    return '';
  }
}
