// How we connect: one place for pool sizes, time limits, and what is said when the database does not answer.

import knex, { type Knex } from 'knex';
import pg from 'pg';
import { isConnectionError } from '../core/connection-error.ts';
import { Unavailable } from '../core/errors.ts';
import { pause } from '../lib/pause.ts';

/**
 * Connections of one process. On a machine with two cores Postgres does not get faster beyond about twenty busy connections, and
 * four processes stay below its default limit of 100.
 */
export const POOL_SIZES = { engine: 10, transactions: 8, reads: 4 } as const;

const CONNECT_TIMEOUT_MS = 10_000;
const ACQUIRE_TIMEOUT_MS = 15_000;
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Returns `url` with our name and a limit on forgotten transactions; options that it already has are kept. */
export function connectionUrl(url: string, applicationName: string): string {
  const result = new URL(url);
  const options = result.searchParams.get('options') ?? '';
  if (!options.includes('idle_in_transaction_session_timeout')) {
    result.searchParams.set('options', `${options} -c idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_MS}`.trim());
  }
  if (!result.searchParams.has('application_name')) result.searchParams.set('application_name', applicationName);
  return result.toString();
}

/** Opens a pool of at most `max` connections; none is made before it is needed. */
export function openDatabase(url: string, options: { max: number; name: string }): Knex {
  return knex({
    client: 'pg',
    connection: {
      connectionString: connectionUrl(url, options.name),
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    },
    pool: { min: 0, max: options.max },
    acquireConnectionTimeout: ACQUIRE_TIMEOUT_MS,
  });
}

/** Returns `url` without its password, for people and logs. */
export function maskUrl(url: string): string {
  const { username, hostname, port, pathname } = new URL(url);
  return `postgresql://${username === '' ? '' : `${username}@`}${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
}

interface WaitOptions {
  deadlineMs: number;
  log: (line: string) => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/**
 * Waits until the database answers; creates it where only the database itself is missing.
 * @throws Unavailable `database_unreachable` after `deadlineMs`, `database_refused` at once when the server does not let us in
 */
export async function waitForDatabase(url: string, { deadlineMs, log }: WaitOptions): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
    const error = await tryToConnect(url);
    if (!error) return;
    if (code(error) === DATABASE_MISSING) {
      await createDatabase(url);
      continue;
    }
    const startingUp = code(error) === '57P03';
    if (!isConnectionError(error) && !startingUp) throw refused(url, error);
    if (Date.now() + wait > deadline) throw unreachable(url, error, deadlineMs);
    log(`The database ${maskUrl(url)} does not answer yet (${reason(error)}), trying again.`);
    await pause(wait);
  }
}

/** SQLSTATE 3D000. */
const DATABASE_MISSING = '3D000';
/** SQLSTATE 42P04: somebody else created it meanwhile. */
const DATABASE_EXISTS = '42P04';

async function tryToConnect(url: string): Promise<Error | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await client.end().catch(() => {});
  }
}

async function createDatabase(url: string): Promise<void> {
  const maintenance = new URL(url);
  const name = decodeURIComponent(maintenance.pathname.slice(1));
  maintenance.pathname = '/postgres';
  const client = new pg.Client({ connectionString: maintenance.toString(), connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  try {
    await client.connect();
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } catch (error) {
    // 23505 is what the loser of a race sees before the database is visible.
    if (![DATABASE_EXISTS, '23505'].includes(code(error) ?? '')) throw refused(url, error as Error);
  } finally {
    await client.end().catch(() => {});
  }
}

function unreachable(url: string, error: Error, deadlineMs: number): Unavailable {
  return new Unavailable(
    'database_unreachable',
    `No Postgres answers at ${maskUrl(url)} after ${Math.round(deadlineMs / 1000)} s (${reason(error)}). ` +
      'Check that it runs and that DATABASE_URL names the right host and port; without DATABASE_URL an embedded Postgres is used.',
    undefined,
    { cause: error },
  );
}

function refused(url: string, error: Error): Unavailable {
  return new Unavailable(
    'database_refused',
    `Postgres at ${maskUrl(url)} refuses the connection: ${error.message}. Check user, password and database in DATABASE_URL.`,
    undefined,
    { cause: error },
  );
}

function reason(error: Error): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  return inner.message || code(inner) || inner.name;
}

function code(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}
