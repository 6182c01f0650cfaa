import { expect, test } from 'vitest';
import { migrateEngine } from '../../src/engine/migrate.ts';
import { emptyDatabase, freshDatabase, type TestDatabase } from '../support/database.ts';

/** Everything that the schema `dbos` consists of, but for storage parameters. */
const CATALOGUE = `
  SELECT 'column' AS kind, concat_ws(' ', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                     pg_get_expr(d.adbin, d.adrelid)) AS definition
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE c.relnamespace = 'dbos'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'dbos'
  UNION ALL
  SELECT 'constraint', concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
   WHERE connamespace = 'dbos'::regnamespace
  UNION ALL
  SELECT 'trigger', pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
   WHERE c.relnamespace = 'dbos'::regnamespace AND NOT t.tgisinternal
  UNION ALL
  SELECT 'function', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'dbos'::regnamespace
  ORDER BY 1, 2`;

const PARAMETERS = `
  SELECT relname AS table, reloptions AS parameters FROM pg_class
   WHERE relnamespace = 'dbos'::regnamespace AND reloptions IS NOT NULL ORDER BY 1`;

async function use<T>(database: TestDatabase, act: (database: TestDatabase) => Promise<T>): Promise<T> {
  try {
    return await act(database);
  } finally {
    await database.drop();
  }
}

test('our migrations leave the SDK’s tables as they are, but for when they are vacuumed', async () => {
  const sdk = await use(await emptyDatabase(), async (database) => {
    await migrateEngine(database.url);
    expect(await database.query(PARAMETERS)).toEqual([]);
    return database.query(CATALOGUE);
  });
  await use(await freshDatabase(), async (database) => {
    expect(sdk.length).toBeGreaterThan(100);
    expect(await database.query(CATALOGUE)).toEqual(sdk);
    const changed = await database.query<{ table: string; parameters: string[] }>(PARAMETERS);
    expect(changed.map(({ table }) => table)).toContain('workflow_status');
    expect(changed.flatMap(({ parameters }) => parameters).every((name) => name.startsWith('autovacuum_'))).toBe(true);
  });
});
