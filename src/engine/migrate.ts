// Brings the DBOS SDK's own schema (`dbos`) up to the version that this build runs on.

import { migrateDataSourcePG } from '@dbos-inc/dbos-sdk/datasource';
import errors from '@dbos-inc/dbos-sdk/internal/error';
import system from '@dbos-inc/dbos-sdk/internal/system_database';
import pg from 'pg';
import { pause } from '../lib/pause.ts';

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

/** "hold" in ASCII, and the second of our names among the advisory locks of the database. */
const LOCK = [0x686f6c64, 2];
const ASK_AGAIN_MS = 50;

/**
 * Creates or upgrades the schema `dbos` in the database of `databaseUrl`, with the table in which transactions keep their
 * checkpoints. Safe to call again and by several processes at once: of these one migrates and the others wait.
 */
export async function migrateEngine(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'holdfast migrations' });
  await client.connect();
  try {
    await lock(client);
    await system.migrateSystemDatabase(databaseUrl, QUIET);
    await migrateDataSourcePG(async (sql) => (await client.query<Record<string, unknown>>(sql)).rows, 'dbos');
  } finally {
    await client.end();
  }
}

/**
 * The lock ends with its connection, also when we are killed. It is asked for and not waited for: an index that is created concurrently
 * waits for every statement that is under way, and so for whoever waits for its creator.
 */
async function lock(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', LOCK);
    if (rows[0]!.taken) return;
    await pause(ASK_AGAIN_MS * (0.5 + Math.random()));
  }
}
