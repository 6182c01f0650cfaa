// One embedded server for all tests, with a migrated template database that each test clones. It ends with the test runner, however that ends.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrateEngine } from '../../src/engine/migrate.ts';
import { startEmbedded } from '../../src/postgres/embedded/server.ts';
import { migrate, migrationsDirectory } from '../../src/postgres/migrations.ts';
import { removeLeftOvers, scratchDirectory } from './scratch.ts';
import { TEMPLATE } from './template.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The URL of the test server's database `postgres`. */
    postgresUrl: string;
  }
}

/** Nothing in it outlives the tests, so nothing has to reach the disk; several apps with full pools run at once. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: '400',
  scram_iterations: '1',
  shared_buffers: '64MB',
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  removeLeftOvers();
  const directory = scratchDirectory();
  const server = await startEmbedded({ dataDir: join(directory, 'postgres'), settings: SETTINGS });
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  // The same password, for which clients have to compute less: every start of an app opens a dozen connections.
  const { username, password } = new URL(server.url());
  await client.query(`ALTER ROLE ${username} PASSWORD '${password}'`);
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  await migrateEngine(server.url(TEMPLATE));
  await migrate(server.url(TEMPLATE), { directory: migrationsDirectory(), schema: 'holdfast', table: 'migrations' });
  project.provide('postgresUrl', server.url());
  return async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
}
