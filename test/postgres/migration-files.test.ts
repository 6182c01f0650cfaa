// Which files are migrations, and which folders are refused.

import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { migrationsDirectory, readMigrations } from '../../src/postgres/migration-files.ts';
import { testDirectory } from './support/directory.ts';

function folder(...names: string[]): string {
  const directory = testDirectory();
  for (const name of names) writeFileSync(join(directory, name), `SELECT '${name}';\r\n`);
  return directory;
}

it('reads the files in the order of their numbers, with line ends that are the same everywhere', () => {
  const files = readMigrations(folder('0002_rivers.sql', '0001_cities.sql', '.0002_rivers.sql.swp'));
  expect(files.map(({ name, sql }) => [name, sql])).toEqual([
    ['0001_cities.sql', "SELECT '0001_cities.sql';\n"],
    ['0002_rivers.sql', "SELECT '0002_rivers.sql';\n"],
  ]);
});

it.each([
  [['0001_a.sql', '0003_c.sql'], '0002 is missing before 0003_c.sql'],
  [['0002_b.sql'], '0001 is missing before 0002_b.sql'],
  [['0001_a.sql', '0001_b.sql'], '0001_b.sql has the number of another file'],
  [['0001_a.sql', 'readme.md'], 'readme.md is not called like'],
  [['0001_A.sql'], '0001_A.sql is not called like'],
])('refuses the files %j', (names, problem) => {
  expect(() => readMigrations(folder(...names))).toThrow(
    expect.objectContaining({ code: 'invalid_migrations', message: expect.stringContaining(problem) }),
  );
});

it('says which folder is missing', () => {
  const directory = join(testDirectory(), 'nowhere');
  expect(() => readMigrations(directory)).toThrow(
    expect.objectContaining({ code: 'invalid_migrations', message: expect.stringContaining(directory) }),
  );
});

it("finds the product's own", () => {
  const directory = migrationsDirectory();
  expect(basename(directory)).toBe('migrations');
  expect(readMigrations(directory).length).toBeGreaterThan(0);
});
