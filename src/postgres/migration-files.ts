// The migrations in a folder: numbered SQL files without a gap, which are never changed once they were applied.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HoldfastError, Unavailable } from '../core/errors.ts';

export interface MigrationFile {
  /** The file's name, which is the migration's name. */
  name: string;
  sql: string;
  checksum: string;
}

const NAME = /^(\d{4})_[a-z0-9][a-z0-9_]*\.sql$/;

/** Returns the folder with the migrations of this package, wherever this file was built to. */
export function migrationsDirectory(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'migrations')))
      return join(folder, 'migrations');
    if (folder === dirname(folder)) {
      throw new Unavailable(
        'migrations_missing',
        `No folder above ${start} has the migrations of Holdfast: install the package again.`,
      );
    }
  }
}

/**
 * Returns the migrations in `directory` in the order of their numbers.
 * @throws HoldfastError `invalid_migrations` naming the file, when a name, or the numbering from 0001 on, is wrong
 */
export function readMigrations(directory: string): MigrationFile[] {
  return listNames(directory).map((name, index) => {
    const number = NAME.exec(name)?.[1];
    if (number === undefined) throw invalid(directory, `${name} is not called like 0001_what_it_does.sql`);
    const expected = String(index + 1).padStart(4, '0');
    if (number < expected) throw invalid(directory, `${name} has the number of another file`);
    if (number > expected) throw invalid(directory, `${expected} is missing before ${name}`);
    // A checkout with other line ends is the same migration.
    const sql = readFileSync(join(directory, name), 'utf8').replaceAll('\r\n', '\n');
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
}

/** Editors and systems leave files with a dot before their name; those are nobody's migrations. */
function listNames(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    throw new HoldfastError(
      'invalid_migrations',
      `The folder of migrations ${directory} cannot be read: ${(error as Error).message}. Correct the path in the app's options.`,
    );
  }
}

function invalid(directory: string, problem: string): HoldfastError {
  return new HoldfastError(
    'invalid_migrations',
    `The migrations in ${directory} cannot be applied: ${problem}. They are numbered from 0001 without gaps, one file a number. Rename the file.`,
  );
}
