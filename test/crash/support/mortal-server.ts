// A database server of one test's own, which can be killed, and goes on from what it had written down.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { startEmbedded } from '../../../src/postgres/embedded/server.ts';

export interface MortalServer {
  url(database: string): string;
  /** Kills the server with SIGKILL and starts it again on the same port. */
  killAndRestart(): Promise<void>;
}

const AWAY_MS = 300;

/** Starts a server that ends with the test. What it has confirmed survives its death. */
export async function openMortalServer(): Promise<MortalServer> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-mortal-'));
  // When the tests run as root, the server runs as another account, which has to get in.
  chmodSync(directory, 0o755);
  const options = { dataDir: join(directory, 'postgres'), settings: { autovacuum: 'off', max_connections: '200' } };
  let server = await startEmbedded(options);
  onTestFinished(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const { port } = server;
  return {
    url: (database) => server.url(database),
    killAndRestart: async () => {
      process.kill(server.pid, 'SIGKILL');
      await delay(AWAY_MS);
      const killed = server;
      server = await startEmbedded({ ...options, port });
      await killed.stop();
    },
  };
}
