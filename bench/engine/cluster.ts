// A Postgres for one part: a new cluster with the default settings, so with `fsync` and `synchronous_commit` on, and an empty database.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { waitForDatabase } from '../../src/postgres/connection.ts';
import { startEmbedded } from '../../src/postgres/embedded/server.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const ANSWERS_WITHIN_MS = 30_000;

/** Calls `use` with the URL of the database, and then removes it all. */
export async function withCluster<T>(use: (url: string) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder();
  try {
    const server = await startEmbedded({ dataDir: join(folder, 'postgres') });
    try {
      const url = server.url('bench');
      await waitForDatabase(url, { deadlineMs: ANSWERS_WITHIN_MS });
      return await use(url);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
