import { expect, test } from 'vitest';
import { migrateAll } from '../../src/database.ts';
import { isEngineOutdated } from '../../src/engine/migrate.ts';
import { emptyDatabase } from '../support/database.ts';

test('of several processes that start on an empty database one migrates, and the others wait for it', async () => {
  const database = await emptyDatabase();
  try {
    expect(await isEngineOutdated(database.url)).toBe(true);
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrateAll(database.url, undefined)));
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await isEngineOutdated(database.url)).toBe(false);
    expect(await migrateAll(database.url, undefined)).toEqual([]);
  } finally {
    await database.drop();
  }
});
