// Brings the DBOS SDK's own schema (`dbos`) up to the version that this build runs on.

import { DBOS } from '@dbos-inc/dbos-sdk';
import { migrateDataSourcePG } from '@dbos-inc/dbos-sdk/datasource';
import pg from 'pg';

/**
 * Creates or upgrades the schema `dbos` in the database of `databaseUrl`, with the table in which transactions keep their
 * checkpoints. Safe to call again and by several processes at once: the SDK serialises its migrations with an advisory lock.
 */
export async function migrateEngine(databaseUrl: string): Promise<void> {
  await DBOS.migrate(databaseUrl);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await migrateDataSourcePG(async (sql) => (await client.query<Record<string, unknown>>(sql)).rows, 'dbos');
  } finally {
    await client.end();
  }
}
