// Applies numbered SQL files, each once, whoever comes first: Knex keeps the history, a lock keeps several starts apart.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import pg from 'pg';
import { Unavailable } from '../core/errors.ts';
import { openDatabase } from './connection.ts';

export interface MigrationSet {
  /** A folder with `0001_name.sql`, `0002_name.sql`, … */
  directory: string;
  /** The schema of the history tables. */
  schema: string;
  /** The table in which the applied files are kept. */
  table: string;
}

interface MigrationFile {
  name: string;
  sql: string;
  checksum: string;
}

/** An arbitrary number that all migrating processes agree on. */
const ADVISORY_LOCK = '7163850247';

/** Returns the folder of Holdfast's own migrations, from `src/` as from the built `dist/src/`. */
export function migrationsDirectory(): string {
  const candidates = ['../../migrations', '../../../migrations'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return candidates.find((path) => existsSync(path)) ?? candidates[0]!;
}

/**
 * Applies what is new in `set`, each file in a transaction of its own, and returns the names of the applied files. Any number of
 * processes may call it at once.
 * @throws Unavailable `migration_invalid` when the numbering has gaps or an applied file was edited or removed, and
 * `migration_failed` with the file's name when its SQL fails; nothing of that file remains
 */
export async function migrate(databaseUrl: string, set: MigrationSet): Promise<string[]> {
  const files = await readMigrations(set.directory);
  const lock = new pg.Client({ connectionString: databaseUrl, application_name: 'holdfast migrations' });
  lock.on('error', () => {});
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    await lock.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(set.schema)}`);
    return await migrateLocked(databaseUrl, set, files);
  } finally {
    await lock.end();
  }
}

async function migrateLocked(databaseUrl: string, set: MigrationSet, files: MigrationFile[]): Promise<string[]> {
  const db = openDatabase(databaseUrl, { max: 1, name: 'holdfast migrations' });
  try {
    await checkApplied(db, set, files);
    const config: Knex.MigratorConfig = {
      schemaName: set.schema,
      tableName: set.table,
      migrationSource: sourceOf(files, set),
      disableMigrationsListValidation: true,
    };
    // We hold the advisory lock: a lock row that is set was left behind by a process that died.
    if (await tableExists(db, set.schema, `${set.table}_lock`)) await db.migrate.forceFreeMigrationsLock(config);
    const [, applied] = (await db.migrate.latest(config)) as [number, string[]];
    return applied;
  } finally {
    await db.destroy();
  }
}

function sourceOf(files: MigrationFile[], { schema, table }: MigrationSet): Knex.MigrationSource<MigrationFile> {
  return {
    getMigrations: async () => files,
    getMigrationName: (file) => file.name,
    getMigration: async (file) => ({
      up: async (db) => {
        try {
          await db.raw(file.sql.replaceAll('?', '\\?'));
        } catch (error) {
          throw failed(file, error as pg.DatabaseError);
        }
        await db.raw('INSERT INTO ??.migration_checksums (history, name, checksum) VALUES (?, ?, ?)', [schema, table, file.name, file.checksum]);
      },
      down: async () => {},
    }),
  };
}

async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const entries = await readdir(directory).catch((error: Error) => {
    throw invalid(`The folder of migrations ${directory} cannot be read: ${error.message}.`);
  });
  const names = entries.filter((name) => name.endsWith('.sql')).sort();
  names.forEach((name, index) => {
    const number = String(index + 1).padStart(4, '0');
    if (!name.startsWith(`${number}_`)) {
      throw invalid(`'${name}' in ${directory} is out of turn: the next migration has to be called ${number}_<name>.sql.`);
    }
  });
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** An applied file is history: it must still be there, and unchanged. */
async function checkApplied(db: Knex, { schema, table, directory }: MigrationSet, files: MigrationFile[]): Promise<void> {
  await db.raw(
    `CREATE TABLE IF NOT EXISTS ??.migration_checksums (
       history text NOT NULL, name text NOT NULL, checksum text NOT NULL, PRIMARY KEY (history, name))`,
    [schema],
  );
  const { rows } = await db.raw<{ rows: { name: string; checksum: string }[] }>('SELECT name, checksum FROM ??.migration_checksums WHERE history = ?', [schema, table]);
  const present = new Map(files.map((file) => [file.name, file.checksum]));
  for (const { name, checksum } of rows) {
    // A newer build was here already: what it added does not hinder this one, which may be the last of its kind in a rolling deploy.
    const newer = Number(name.slice(0, 4)) > files.length;
    if (newer) continue;
    if (!present.has(name)) {
      throw invalid(`The database has the migration '${name}', which is not in ${directory}: restore the file.`);
    }
    if (present.get(name) !== checksum) {
      throw invalid(`The migration '${name}' was changed after it had been applied: restore it, and put the change into a new file.`);
    }
  }
}

async function tableExists(db: Knex, schema: string, table: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>('SELECT 1 FROM pg_tables WHERE schemaname = ? AND tablename = ?', [schema, table]);
  return rows.length > 0;
}

function invalid(message: string): Unavailable {
  return new Unavailable('migration_invalid', message);
}

function failed(file: MigrationFile, error: pg.DatabaseError): Unavailable {
  const line = error.position === undefined ? '' : ` at line ${file.sql.slice(0, Number(error.position)).split('\n').length}`;
  return new Unavailable('migration_failed', `The migration '${file.name}' failed${line}: ${error.message}. Nothing of it was applied.`, undefined, { cause: error });
}
