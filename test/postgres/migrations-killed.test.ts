// A process that dies in the middle of a migration leaves nothing of it, and nothing in the way of the next one.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { migrate } from '../../src/postgres/migrations.ts';
import { emptyDatabase } from '../support/database.ts';
import { testDirectory } from './support/directory.ts';

const MIGRATE = fileURLToPath(new URL('support/migrate.ts', import.meta.url));
/** A lock that the test holds, so that the migration stands still where it can be killed. */
const GATE = 'SELECT pg_advisory_lock(42)';

it('a killed migration is applied again, whole', async () => {
  const database = await emptyDatabase('killed');
  const directory = testDirectory();
  writeFileSync(join(directory, '0001_cities.sql'), 'CREATE TABLE cities (name text)');
  writeFileSync(
    join(directory, '0002_fill.sql'),
    `INSERT INTO cities VALUES ('Ghent'); CREATE TABLE rivers (name text); ${GATE};`,
  );
  await database.query(GATE);
  const child = spawn(process.execPath, [MIGRATE, database.url, directory], { stdio: 'inherit' });
  await vi.waitFor(async () => {
    const waiting = await database.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted`,
    );
    expect(waiting).toHaveLength(1);
  }, 10_000);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const again = migrate(database.url, { directory, schema: 'holdfast', table: 'app_migrations' });
  expect(await database.query('SELECT name FROM holdfast.app_migrations')).toEqual([{ name: '0001_cities.sql' }]);
  await database.query('SELECT pg_advisory_unlock(42)');
  expect(await again).toEqual(['0002_fill.sql']);
  expect(await database.query('SELECT name FROM cities')).toEqual([{ name: 'Ghent' }]);
  await database.drop();
});
