// Opens the app's database: the configured or the embedded Postgres, brought up to date, with the pools that the app's parts use.

import type { Knex } from 'knex';
import type { Config } from './config.ts';
import { isEngineOutdated, migrateEngine } from './engine/migrate.ts';
import type { EngineLog } from './engine/logger.ts';
import { connectionUrl, maskUrl, openDatabase, POOL_SIZES, waitForDatabase } from './postgres/connection.ts';
import { startEmbedded } from './postgres/embedded/server.ts';
import { type MigrationSet, migrate, migrationsDirectory, pendingMigrations } from './postgres/migrations.ts';

/** The database of a running app. */
export interface AppDatabase {
  url: string;
  /** What it is, for people: without the password. */
  description: string;
  /** For transactions of workflows, and for our own small writes. */
  transactions: Knex;
  /** For the read side, so that readers never wait for writers. */
  reads: Knex;
  enginePoolSize: number;
  close(): Promise<void>;
}

const EMBEDDED_DATABASE = 'holdfast';

/** A database that can be reached. */
export interface Reachable {
  url: string;
  description: string;
  stop(): Promise<void>;
}

/**
 * Finds the database: `DATABASE_URL`, else the embedded server, which is started unless it runs. Waits until it answers. Creates it when
 * the server does not have it, unless `create` is false.
 */
export async function reachDatabase(config: Config, log: EngineLog, create = true): Promise<Reachable> {
  const found = config.databaseUrl === undefined ? await embedded(config, log) : external(config.databaseUrl);
  try {
    await waitForDatabase(found.url, { deadlineMs: config.databaseDeadlineMs, log: (line) => log.info(line), create });
    return found;
  } catch (error) {
    await found.stop();
    throw error;
  }
}

/** Brings the schemas up to date: the engine's, ours, and the application's own. Safe when several processes do it at once. */
export async function migrateAll(url: string, appMigrations: string | undefined): Promise<string[]> {
  await migrateEngine(url);
  const ours = await migrate(url, ourMigrations());
  if (appMigrations === undefined) return ours;
  return [...ours, ...(await migrate(url, { directory: appMigrations, schema: 'holdfast', table: 'app_migrations' }))];
}

/** Returns the names of our migrations that a start would apply, after the engine's own. Changes nothing. */
export async function pendingOurs(url: string): Promise<string[]> {
  const ours = await pendingMigrations(url, ourMigrations());
  return (await isEngineOutdated(url)) ? ["the engine's schema", ...ours] : ours;
}

function ourMigrations(): MigrationSet {
  return { directory: migrationsDirectory(), schema: 'holdfast', table: 'migrations' };
}

/** Opens the database for an app that starts. */
export async function openAppDatabase(
  config: Config,
  appMigrations: string | undefined,
  log: EngineLog,
): Promise<AppDatabase> {
  const reached = await reachDatabase(config, log);
  const { url, description } = reached;
  try {
    await migrateAll(url, appMigrations);
  } catch (error) {
    await reached.stop();
    throw error;
  }
  const transactions = openDatabase(url, { max: POOL_SIZES.transactions, name: 'holdfast transactions' });
  const reads = openDatabase(url, { max: POOL_SIZES.reads, name: 'holdfast reads' });
  return {
    url: connectionUrl(url, 'holdfast engine'),
    description,
    transactions,
    reads,
    enginePoolSize: POOL_SIZES.engine,
    close: async () => {
      await Promise.all([transactions.destroy(), reads.destroy()]);
      await reached.stop();
    },
  };
}

async function embedded(config: Config, log: EngineLog): Promise<Reachable> {
  const server = await startEmbedded({ dataDir: config.dataDirectory, log: (line) => log.debug(line) });
  return {
    url: server.url(EMBEDDED_DATABASE),
    description: `embedded Postgres on port ${server.port}, data in ${server.dataDir}`,
    stop: () => server.stop(),
  };
}

function external(url: string): Reachable {
  return { url, description: maskUrl(url), stop: async () => {} };
}
