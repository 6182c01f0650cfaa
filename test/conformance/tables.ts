// What is recorded in a database, as rows of text by table: everything that the engine writes, and the app's own tables.

import type { TestDatabase } from '../support/database.ts';

/** A row as it was read: column to value, as `pg` returns it. */
export type RawRow = Record<string, unknown>;

export interface Table {
  name: string;
  /** The columns of its primary key; all columns where it has none. */
  key: string[];
  rows: RawRow[];
}

/** Tables of other schemas that runs leave rows in. */
const MORE_TABLES = ['holdfast.attempts', 'public.effects', 'public.counters'];

/** Returns every table of the engine's schema, and those in `MORE_TABLES`: a table that the engine gets later is compared, too. */
export async function readTables(database: TestDatabase): Promise<Table[]> {
  const found = await database.query<{ name: string; key: string[] | null }>(
    `SELECT n.nspname || '.' || c.relname AS name,
            (SELECT array_agg(a.attname::text ORDER BY a.attnum)
               FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
              WHERE i.indrelid = c.oid AND i.indisprimary) AS key
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND (n.nspname = 'dbos' OR n.nspname || '.' || c.relname = ANY ($1))
      ORDER BY name`,
    [MORE_TABLES],
  );
  const tables: Table[] = [];
  for (const { name, key } of found) {
    const rows = await database.query<RawRow>(`SELECT * FROM ${name}`);
    tables.push({ name, key: key ?? Object.keys(rows[0] ?? {}), rows });
  }
  return tables;
}
