// A database of its own for a test: a clone of a migrated template, on a server that all tests of this account share.

import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrateAll } from '../database.ts';
import { processIdentity } from '../engine/process-identity.ts';
import { type EmbeddedServer, startEmbedded } from '../postgres/embedded/server.ts';
import { migrationsDirectory, readMigrations } from '../postgres/migration-files.ts';

export interface TestDatabase {
  url: string;
  /** Cuts every connection and removes the database. The server stops with the last test that uses it. */
  drop(): Promise<void>;
}

/** Nothing outlives the tests, so nothing has to reach the disk. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
/** Whoever makes the template or a clone of it holds this advisory lock, because nobody else may be connected meanwhile. */
const CLONING = 0x486f6c64;
const PREFIX = 'test_';

/** Returns a new database with the tables of Holdfast; those of the app under test are added when it starts. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await startEmbedded({ dataDir: dataDirectory(), settings: SETTINGS });
  try {
    const name = `${PREFIX}${process.pid}_${randomBytes(6).toString('hex')}`;
    await withServer(server, async (client) => {
      await client.query('SELECT pg_advisory_lock($1)', [CLONING]);
      await dropLeftovers(client);
      const template = await ensureTemplate(server, client);
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
    });
    const drop = async (): Promise<void> => {
      await withServer(server, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      await server.stop();
    };
    return { url: server.url(name), drop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** In the folder for temporary files, one for each account, so that the cluster is made once and not once a test. */
function dataDirectory(): string {
  const folder = join(tmpdir(), `holdfast-tests-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true });
  // When the tests run as root, the server runs as another account, which has to get in.
  chmodSync(folder, 0o755);
  return join(folder, 'postgres');
}

/** Removes the databases of processes that were killed before they could do so; the name says whose each is. */
async function dropLeftovers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; pid: string }>(
    `SELECT datname AS name, split_part(datname, '_', 2) AS pid FROM pg_database WHERE starts_with(datname, $1)`,
    [PREFIX],
  );
  const left = rows.filter(({ pid }) => processIdentity(Number(pid)) === undefined);
  for (const { name } of left) await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
}

/** Returns the name of the template, which is made first where this version of the migrations has none. */
async function ensureTemplate(server: EmbeddedServer, client: pg.Client): Promise<string> {
  const migrations = readMigrations(migrationsDirectory()).map(({ name, checksum }) => `${name} ${checksum}`);
  const template = `template_${createHash('sha256').update(migrations.join('\n')).digest('hex').slice(0, 16)}`;
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
  if (rowCount === 1) return template;
  const unfinished = `new_${template}`;
  await client.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
  await client.query(`CREATE DATABASE ${unfinished}`);
  await migrateAll(server.url(unfinished), undefined);
  await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
  return template;
}

async function withServer<T>(server: EmbeddedServer, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}
