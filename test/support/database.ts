// A database for a test file: cloned from the migrated template, or empty.

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { TEMPLATE } from './template.ts';

export interface TestDatabase {
  url: string;
  /** Runs one statement and returns its rows. */
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** Clones the migrated template. */
export function freshDatabase(): Promise<TestDatabase> {
  return create(`TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`);
}

/** Makes a database with nothing in it. */
export function emptyDatabase(): Promise<TestDatabase> {
  return create('');
}

async function create(options: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} ${options}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return {
    url: url.toString(),
    query: (sql, values) => onDatabase(url.toString(), sql, values),
    drop: async () => void (await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

/** SQLSTATE 55006: another test file is cloning the template at this moment. */
const IN_USE = '55006';

async function onServer(sql: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await onDatabase(inject('postgresUrl'), sql);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== IN_USE || attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()));
    }
  }
}

async function onDatabase<Row extends pg.QueryResultRow>(url: string, sql: string, values?: unknown[]): Promise<Row[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
