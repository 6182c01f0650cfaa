// The command line's way to the database, for what needs no running service.

import type { Knex } from 'knex';
import { readConfig } from '../config.ts';

/** Runs `body` with the configured database, which is brought up to date first. `what` is the command, for people who look at connections. */
export async function withDatabase(what: string, body: (db: Knex) => Promise<void>): Promise<void> {
  const [{ migrateAll, reachDatabase }, { createLog }, { openDatabase }] = await Promise.all([
    import('../database.ts'),
    import('../observe/log.ts'),
    import('../postgres/connection.ts'),
  ]);
  const config = readConfig();
  const database = await reachDatabase(config, createLog({ level: 'warn', format: config.logFormat }));
  const db = openDatabase(database.url, { max: 1, name: `holdfast ${what}` });
  try {
    await migrateAll(database.url, undefined);
    await body(db);
  } finally {
    await db.destroy();
    await database.stop();
  }
}
