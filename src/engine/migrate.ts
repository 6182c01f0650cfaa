// Brings the DBOS SDK's own schema (`dbos`) up to the version that this build runs on.

import { migrateDataSourcePG } from '@dbos-inc/dbos-sdk/datasource';
import errors from '@dbos-inc/dbos-sdk/internal/error';
import system from '@dbos-inc/dbos-sdk/internal/system_database';
import pg from 'pg';

type SdkLogger = Parameters<typeof system.migrateSystemDatabase>[1];

/** The SDK reports each of its migrations; what went wrong is thrown as well. */
const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } as unknown as SdkLogger;

/** Returns whether `migrateEngine` would have something to do in the database of `databaseUrl`. Changes nothing. */
export async function isEngineOutdated(databaseUrl: string): Promise<boolean> {
  try {
    await system.verifySystemDatabase(databaseUrl, QUIET);
    return false;
  } catch (error) {
    if (error instanceof errors.DBOSInitializationError) return true;
    throw error;
  }
}

/**
 * Creates or upgrades the schema `dbos` in the database of `databaseUrl`, with the table in which transactions keep their
 * checkpoints. Safe to call again and by several processes at once: the SDK serialises its migrations with an advisory lock.
 */
export async function migrateEngine(databaseUrl: string): Promise<void> {
  await system.migrateSystemDatabase(databaseUrl, QUIET);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await migrateDataSourcePG(async (sql) => (await client.query<Record<string, unknown>>(sql)).rows, 'dbos');
  } finally {
    await client.end();
  }
}
