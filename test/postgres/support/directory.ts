// Folders for tests, which the account of the embedded server can enter also when the tests run as root.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest';
import { startEmbedded } from '../../../src/postgres/embedded/server.ts';

/** Returns a new folder that is removed after the test. */
export function testDirectory(): string {
  const directory = makeDirectory();
  onTestFinished(() => removeDirectory(directory));
  return directory;
}

/** Makes one cluster for the tests of a file and returns a function that gives each test a copy, which is quicker than a new one. */
export function clusterStock(): () => string {
  let stock: string;
  beforeAll(async () => {
    stock = makeDirectory();
    const server = await startEmbedded({ dataDir: join(stock, 'postgres') });
    await server.stop();
  });
  afterAll(() => removeDirectory(stock));
  return () => {
    const directory = testDirectory();
    execFileSync('cp', ['-a', join(stock, 'postgres'), directory]);
    return join(directory, 'postgres');
  };
}

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-embedded-'));
  chmodSync(directory, 0o755);
  return directory;
}

/** A server whose app was just killed still writes for a moment. */
function removeDirectory(directory: string): Promise<void> {
  return vi.waitFor(() => {
    rmSync(directory, { recursive: true, force: true });
    if (existsSync(directory)) throw new Error(`${directory} is still there`);
  }, 5000);
}
