// A database of its own for a test: a clone of the migrated template, or an empty one.

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { TEMPLATE } from './template.ts';

export interface TestDatabase {
  url: string;
  /** Runs one statement and returns its rows. */
  query<Row extends pg.QueryResultRow = any>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** Cuts every connection and removes the database. */
  drop(): Promise<void>;
}

/** SQLSTATE 55006: somebody is connected to the template, for instance another clone that is being made. */
const IN_USE = '55006';
const PATIENCE_MS = 10_000;

/** Returns a new database with the schemas `dbos` and `holdfast`; its name begins with `prefix`. */
export function freshDatabase(prefix = 'test'): Promise<TestDatabase> {
  return createDatabase(prefix, `TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`);
}

/** Returns a new database with nothing in it. */
export function emptyDatabase(prefix = 'empty'): Promise<TestDatabase> {
  return createDatabase(prefix, '');
}

async function createDatabase(prefix: string, how: string): Promise<TestDatabase> {
  const name = `${prefix}_${randomBytes(6).toString('hex')}`;
  const server = inject('postgresUrl');
  const quoted = pg.escapeIdentifier(name);
  await onServer(server, `CREATE DATABASE ${quoted} ${how}`);
  const url = new URL(server);
  url.pathname = `/${encodeURIComponent(name)}`;
  // One connection, closed soon after its last use, so that a test that forgets to drop its database still ends.
  const pool = new pg.Pool({ connectionString: url.href, max: 1, idleTimeoutMillis: 1000, allowExitOnIdle: true });
  pool.on('error', () => {});
  return {
    url: url.href,
    query: async (sql, parameters) => (await pool.query(sql, parameters)).rows,
    drop: async () => {
      await pool.end();
      await onServer(server, `DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
    },
  };
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await retryWhileInUse(() => client.query(sql));
  } finally {
    await client.end();
  }
}

async function retryWhileInUse(act: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== IN_USE || performance.now() > deadline) throw error;
      await delay(20 + Math.random() * 30);
    }
  }
}
