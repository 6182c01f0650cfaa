// Migrations: in order, once, whole or not at all, and never edited.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, migrationsDirectory, type MigrationSet } from '../../src/postgres/migrations.ts';
import { emptyDatabase, freshDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let set: MigrationSet;

const write = (name: string, sql: string) => writeFile(join(set.directory, name), sql);
const names = async () =>
  (await database.query('SELECT name FROM holdfast.app_migrations ORDER BY id')).map((row) => row.name);

beforeEach(async () => {
  database = await emptyDatabase('migrations');
  set = { directory: await mkdtemp(join(tmpdir(), 'migrations-')), schema: 'holdfast', table: 'app_migrations' };
});

afterEach(async () => {
  await database.drop();
  await rm(set.directory, { recursive: true, force: true });
});

describe('migrate', () => {
  it('applies what is new, in order, and returns its names', async () => {
    await write('0001_cities.sql', 'CREATE TABLE cities (name text)');
    expect(await migrate(database.url, set)).toEqual(['0001_cities.sql']);
    await write(
      '0002_rivers.sql',
      'CREATE TABLE rivers (name text); INSERT INTO cities VALUES ($$Is this a "?" or \\?$$);',
    );
    await write('0003_lakes.sql', 'ALTER TABLE rivers ADD COLUMN lake text');
    expect(await migrate(database.url, set)).toEqual(['0002_rivers.sql', '0003_lakes.sql']);
    expect(await migrate(database.url, set)).toEqual([]);
    expect(await names()).toEqual(['0001_cities.sql', '0002_rivers.sql', '0003_lakes.sql']);
    expect(await database.query('SELECT name FROM cities')).toEqual([{ name: 'Is this a "?" or \\?' }]);
  });

  it('does not mix two histories', async () => {
    await write('0001_cities.sql', 'CREATE TABLE cities (name text)');
    await migrate(database.url, set);
    const other = { ...set, table: 'other_migrations' };
    await expect(migrate(database.url, other)).rejects.toThrow('relation "cities" already exists');
  });

  it('applies each migration once when twenty callers do it at once', async () => {
    await write('0001_counter.sql', 'CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)');
    await write('0002_count.sql', 'UPDATE counter SET n = n + 1; SELECT pg_sleep(0.05)');
    await write('0003_count.sql', 'UPDATE counter SET n = n + 1');
    const results = await Promise.all(Array.from({ length: 20 }, () => migrate(database.url, set)));
    expect(results.flat().sort()).toEqual(['0001_counter.sql', '0002_count.sql', '0003_count.sql']);
    expect(await database.query('SELECT n FROM counter')).toEqual([{ n: 2 }]);
  });

  it('frees the lock row that a killed migration left behind', async () => {
    await write('0001_cities.sql', 'CREATE TABLE cities (name text)');
    await migrate(database.url, set);
    await database.query('UPDATE holdfast.app_migrations_lock SET is_locked = 1');
    await write('0002_rivers.sql', 'CREATE TABLE rivers (name text)');
    expect(await migrate(database.url, set)).toEqual(['0002_rivers.sql']);
  });

  it('starts on a database that is up to date as a role that may create nothing', async () => {
    await write('0001_cities.sql', 'CREATE TABLE cities (name text)');
    await migrate(database.url, set);
    const role = `reader_${Date.now()}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'r'`);
    await database.query(
      `GRANT USAGE ON SCHEMA holdfast TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA holdfast TO ${role}`,
    );
    const url = Object.assign(new URL(database.url), { username: role, password: 'r' }).href;
    expect(await migrate(url, set)).toEqual([]);
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  it('rolls a failing migration back whole, and names the file and the place', async () => {
    await write('0001_cities.sql', 'CREATE TABLE cities (name text)');
    await write('0002_broken.sql', '-- ä\nCREATE TABLE rivers (name text);\nINSERT INTO citys VALUES (1);\n');
    await expect(migrate(database.url, set)).rejects.toMatchObject({
      code: 'migration_failed',
      message: expect.stringMatching(
        /0002_broken\.sql in .* failed at line 3, column 13: relation "citys" does not exist/,
      ),
    });
    expect(await names()).toEqual(['0001_cities.sql']);
    expect(await database.query(`SELECT to_regclass('rivers') AS rivers`)).toEqual([{ rivers: null }]);
    await write('0002_broken.sql', 'CREATE TABLE rivers (name text)');
    expect(await migrate(database.url, set)).toEqual(['0002_broken.sql']);
  });

  it('refuses a migration that was edited after it was applied', async () => {
    await write('0001_cities.sql', 'CREATE TABLE cities (name text);\n');
    await migrate(database.url, set);
    await write('0001_cities.sql', 'CREATE TABLE cities (name text);\r\n');
    expect(await migrate(database.url, set)).toEqual([]);
    await write('0001_cities.sql', 'CREATE TABLE cities (title text);\n');
    await expect(migrate(database.url, set)).rejects.toMatchObject({
      code: 'migration_edited',
      message: expect.stringContaining('0001_cities.sql'),
    });
  });

  it('refuses to start without a migration that was applied', async () => {
    await write('0001_cities.sql', 'CREATE TABLE cities (name text)');
    await write('0002_rivers.sql', 'CREATE TABLE rivers (name text)');
    await migrate(database.url, set);
    await rm(join(set.directory, '0002_rivers.sql'));
    await expect(migrate(database.url, set)).rejects.toMatchObject({
      code: 'migration_missing',
      message: expect.stringContaining('0002_rivers.sql'),
    });
  });
});

describe("the product's migrations", () => {
  it('are all in the template', async () => {
    const fresh = await freshDatabase();
    expect(
      await migrate(fresh.url, { directory: migrationsDirectory(), schema: 'holdfast', table: 'migrations' }),
    ).toEqual([]);
    expect(await fresh.query('SELECT count(*)::int > 0 AS some FROM holdfast.migrations')).toEqual([{ some: true }]);
    await fresh.drop();
  });
});
