// Folders for tests, which the account of the embedded server can enter also when the tests run as root.

import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest';
import { startEmbedded } from '../../../src/postgres/embedded/server.ts';
import { scratchDirectory } from '../../support/scratch.ts';

/** Returns a new folder that is removed after the test. */
export function testDirectory(): string {
  const directory = scratchDirectory();
  onTestFinished(() => removeDirectory(directory));
  return directory;
}

/** Makes one cluster for the tests of a file and returns a function that gives each test a copy, which is quicker than a new one. */
export function clusterStock(): () => string {
  let stock: string;
  beforeAll(async () => {
    stock = scratchDirectory();
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

/** A server whose app was just killed still writes for a moment. */
function removeDirectory(directory: string): Promise<void> {
  return vi.waitFor(() => {
    rmSync(directory, { recursive: true, force: true });
    if (existsSync(directory)) throw new Error(`${directory} is still there`);
  }, 5000);
}
