// A service in a process of its own, on an embedded Postgres of its own, reached over HTTP as any client would.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './temporary-folder.ts';

export interface ServiceProcess {
  url: string;
  stop(): Promise<void>;
}

const READY_MS = 60_000;
/** From `dist/bench/` to `dist/`. */
const BUILT = fileURLToPath(new URL('..', import.meta.url));

/** Starts the built service with `app` (a path below `dist/`) and returns when it is ready. */
export async function startServiceProcess(
  app: string,
  environment: Record<string, string> = {},
): Promise<ServiceProcess> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const child = spawn(process.execPath, [join(BUILT, 'src/cli/main.js'), 'start', join(BUILT, app)], {
    env: {
      ...process.env,
      HOLDFAST_DATA_DIR: join(folder, 'postgres'),
      PORT: String(port),
      LOG_LEVEL: 'warn',
      LOG_FORMAT: 'json',
      ...environment,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The service ended with code ${child.exitCode} before it was ready.`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`The service was not ready after ${READY_MS / 1000} s.`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
