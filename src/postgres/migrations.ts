// Brings a schema up to date: applies the SQL files that the database does not have yet, in order, each whole or not at all.

import createKnex, { type Knex } from 'knex';
import pg from 'pg';
import { Unavailable } from '../core/errors.ts';
import { connectionUrl, openClient, QUIET } from './connection.ts';
import { type MigrationFile, readMigrations } from './migration-files.ts';

export { migrationsDirectory } from './migration-files.ts';

/** Where migrations come from, and where the database remembers them. */
export interface MigrationSet {
  /** The folder with the SQL files. */
  directory: string;
  /** The schema of the history; the migrations themselves name the schemas of what they make. */
  schema: string;
  /** The table of the history in `schema`. */
  table: string;
}

/** What the database remembers of an applied migration; without a checksum when the history was written by something else. */
interface Applied {
  name: string;
  checksum: string | null;
}

/** "hold" in ASCII: advisory locks are shared by everything that uses the database, so ours has a name of its own. */
const LOCK = [0x686f6c64, 1];

/**
 * Applies the migrations of `set` that the database of `databaseUrl` does not have yet, and returns their names. Of several callers at once
 * one applies and the others wait. @throws HoldfastError `invalid_migrations`; Unavailable `migration_edited`, `migration_missing`, `migration_failed`
 */
export async function migrate(databaseUrl: string, set: MigrationSet): Promise<string[]> {
  const files = readMigrations(set.directory);
  // The lock ends with its connection, also when we are killed; whoever has it may trust that nobody else is migrating.
  const lock = openClient(databaseUrl, 'holdfast migrations');
  try {
    await lock.connect();
    await lock.query('SELECT pg_advisory_lock($1, $2)', LOCK);
    await prepare(lock, set.schema);
    const applied = await readHistory(lock, set);
    compare(files, applied, set.directory);
    return applied.length === files.length ? [] : await applyPending(databaseUrl, set, files);
  } finally {
    await lock.end();
  }
}

/** Returns the names of those that `migrate` would apply. Changes nothing. @throws like `migrate` */
export async function pendingMigrations(databaseUrl: string, set: MigrationSet): Promise<string[]> {
  const files = readMigrations(set.directory);
  const client = openClient(databaseUrl, 'holdfast migrations');
  try {
    await client.connect();
    const applied = (await isPrepared(client, set.schema)) ? await readHistory(client, set) : [];
    compare(files, applied, set.directory);
    const done = new Set(applied.map(({ name }) => name));
    return files.map(({ name }) => name).filter((name) => !done.has(name));
  } finally {
    await client.end();
  }
}

/** Asks before it creates: a role that may not create anything can still start on a database that is up to date. */
async function prepare(client: pg.Client, schema: string): Promise<void> {
  if (await isPrepared(client, schema)) return;
  const checksums = checksumsOf(schema);
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(schema)};
    CREATE TABLE ${checksums} (history text, name text, checksum text NOT NULL, PRIMARY KEY (history, name));
    COMMENT ON TABLE ${checksums} IS 'SHA-256 of every migration as it was applied, so that a later change to its file is noticed.'`);
}

async function isPrepared(client: pg.Client, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ ready: boolean }>('SELECT to_regclass($1) IS NOT NULL AS ready', [
    checksumsOf(schema),
  ]);
  return rows[0]?.ready === true;
}

function checksumsOf(schema: string): string {
  return `${pg.escapeIdentifier(schema)}.migration_checksums`;
}

async function readHistory(client: pg.Client, { schema, table }: MigrationSet): Promise<Applied[]> {
  const history = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;
  const { rows: found } = await client.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [
    history,
  ]);
  if (found[0]?.exists !== true) return [];
  const { rows } = await client.query<Applied>(
    `SELECT h.name, c.checksum
       FROM ${history} h
       LEFT JOIN ${pg.escapeIdentifier(schema)}.migration_checksums c ON c.history = $1 AND c.name = h.name
      ORDER BY h.name`,
    [table],
  );
  return rows;
}

function compare(files: MigrationFile[], applied: Applied[], directory: string): void {
  for (const { name, checksum } of applied) {
    const file = files.find((candidate) => candidate.name === name);
    if (file === undefined) {
      throw new Unavailable(
        'migration_missing',
        `The database has the migration ${name}, but ${directory} does not: this build is older than the database, or the file was removed ` +
          'or renamed. Deploy a build that has it, or put the file back.',
      );
    }
    if (checksum === null || checksum === file.checksum) continue;
    throw new Unavailable(
      'migration_edited',
      `The migration ${name} in ${directory} was changed after it had been applied to this database. Put the old text back, and ` +
        'write the change as a new migration.',
    );
  }
}

/**
 * One `up` of Knex is one transaction: the SQL, our checksum, and Knex's own record and lock. (Its `latest` would write the record after
 * the migration's transaction, and a kill in between would apply the migration twice.)
 */
async function applyPending(databaseUrl: string, set: MigrationSet, files: MigrationFile[]): Promise<string[]> {
  const knex = createKnex({
    client: 'pg',
    connection: connectionUrl(databaseUrl, 'holdfast migrations'),
    pool: { min: 0, max: 1 },
    log: QUIET,
  });
  const config: Knex.MigratorConfig = {
    schemaName: set.schema,
    tableName: set.table,
    migrationSource: new SqlSource(files, set),
  };
  try {
    // Nobody else is migrating, so a lock row that is set was left by somebody who died.
    await knex.migrate.forceFreeMigrationsLock(config);
    const done: string[] = [];
    for (;;) {
      const [, names] = (await knex.migrate.up(config)) as [number, string[]];
      if (names.length === 0) return done;
      done.push(...names);
    }
  } finally {
    await knex.destroy();
  }
}

/** Our files as Knex's migrator wants them. */
class SqlSource implements Knex.MigrationSource<MigrationFile> {
  readonly #files: MigrationFile[];
  readonly #set: MigrationSet;

  constructor(files: MigrationFile[], set: MigrationSet) {
    this.#files = files;
    this.#set = set;
  }

  async getMigrations(): Promise<MigrationFile[]> {
    return this.#files;
  }

  getMigrationName(file: MigrationFile): string {
    return file.name;
  }

  async getMigration(file: MigrationFile): Promise<Knex.Migration> {
    return {
      up: (transaction) => this.#apply(transaction, file),
      down: async () => {
        throw new Unavailable(
          'migration_failed',
          `${file.name} cannot be undone: migrations only go up. Write a new one.`,
        );
      },
    };
  }

  async #apply(transaction: Knex, { name, sql, checksum }: MigrationFile): Promise<void> {
    // Straight to the connection: Knex would take every "?" in the text for a binding.
    const connection = (await transaction.client.acquireConnection()) as pg.Client;
    try {
      await connection.query(sql);
    } catch (error) {
      throw failure(name, sql, this.#set.directory, error);
    }
    await transaction.raw('INSERT INTO ??.migration_checksums (history, name, checksum) VALUES (?, ?, ?)', [
      this.#set.schema,
      this.#set.table,
      name,
      checksum,
    ]);
  }
}

function failure(name: string, sql: string, directory: string, error: unknown): Unavailable {
  const { message, position, detail, hint } = error as {
    message: string;
    position?: string;
    detail?: string;
    hint?: string;
  };
  // Postgres counts characters from 1.
  const before =
    position === undefined
      ? undefined
      : [...sql]
          .slice(0, Number(position) - 1)
          .join('')
          .split('\n');
  const where = before === undefined ? '' : ` at line ${before.length}, column ${[...before.at(-1)!].length + 1}`;
  const said = [message, detail, hint].filter((part) => part !== undefined).join('. ');
  return new Unavailable(
    'migration_failed',
    `The migration ${name} in ${directory} failed${where}: ${said}. It was rolled back whole; correct it and start again.`,
    undefined,
    { cause: error },
  );
}
