// How the app connects to its database: URLs, pools and their sizes.

import createKnex, { type Knex } from 'knex';
import pg from 'pg';
import { isConnectionError } from '../core/connection-error.ts';
import { Unavailable } from '../core/errors.ts';
import { pause } from '../lib/pause.ts';

/**
 * Connections for each use, meant for a process on a machine with two cores. Postgres does its best work with a few connections for each
 * core; more of them only wait for each other. A process uses 24, so four of them fit below Postgres's own limit of 100.
 */
export const POOL_SIZES = {
  /** The engine's: checkpoints, queues and its listener. */
  engine: 10,
  /** Transactions of workflows. Each is held from its begin to its commit, while it does nothing but talk to the database. */
  transactions: 8,
  /** The read side, so that readers never wait for writers. */
  reads: 4,
} as const;

/** Knex would print to the standard output; what it has to say comes as an error of the call as well. */
export const QUIET: Knex.Config['log'] = { warn: () => {}, error: () => {}, debug: () => {}, deprecate: () => {} };

const CONNECT_WITHIN_MS = 10_000;
const ACQUIRE_WITHIN_MS = 15_000;
/** A transaction whose process lives but has forgotten it gives its locks back after this. */
const IDLE_IN_TRANSACTION = 'idle_in_transaction_session_timeout';
const IDLE_IN_TRANSACTION_MS = 60_000;
const FIRST_RETRY_MS = 50;
const SLOWEST_RETRY_MS = 2000;

/** The schemas that the migrations make. */
const OUR_SCHEMAS = new Set(['holdfast', 'dbos']);
const NO_SUCH_DATABASE = '3D000';
/** Where to be connected to create another database; not every provider leaves the first one there. */
const MAINTENANCE_DATABASES = ['postgres', 'template1'];
/** Somebody else created the database at the same time. */
const CREATED_MEANWHILE = new Set(['42P04', '23505']);

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'the host does not answer',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to the network of this host',
  ECONNRESET: 'the connection was cut',
  ENOENT: 'there is no socket file, so no server runs there',
  '53300': 'the server has no connection left for us',
  '57P03': 'the server is starting or stopping',
};

/**
 * Returns `url` with the application's name and a limit for idle transactions, each unless the URL sets it itself. With the limit in the
 * URL a connection needs no statement of its own to set it. A user who is called like one of our schemas would find our tables before
 * those of the application, and create the application's among ours, because a schema of the user's name comes first: for that user
 * the search path is `public`.
 */
export function connectionUrl(url: string, applicationName: string): string {
  const parsed = parseUrl(url);
  const parameters = parsed.searchParams;
  if (!parameters.has('application_name')) parameters.set('application_name', applicationName);
  let options = parameters.get('options') ?? '';
  if (!options.includes(IDLE_IN_TRANSACTION)) options += ` -c ${IDLE_IN_TRANSACTION}=${IDLE_IN_TRANSACTION_MS}`;
  if (OUR_SCHEMAS.has(userOf(parsed)) && !options.includes('search_path')) options += ' -c search_path=public';
  parameters.set('options', options.trim());
  // A form writes a space as "+", which other readers of such URLs (libpq) leave as it is.
  parsed.search = parameters.toString().replaceAll('+', '%20');
  return parsed.href;
}

/**
 * Waits until the database of `url` answers, for at most `deadlineMs` milliseconds, and creates it when the server has no such database,
 * unless `create` is false.
 * @throws Unavailable `database_unreachable` when it did not answer in time; `database_refused`, at once, when it does not let us in:
 * because of the password, the role, the encryption, or because the database cannot be created
 */
export async function waitForDatabase(
  url: string,
  { deadlineMs, log, create = true }: { deadlineMs: number; log?: (line: string) => void; create?: boolean },
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, SLOWEST_RETRY_MS)) {
    try {
      return await tryDatabase(url, deadline - performance.now(), create);
    } catch (error) {
      const left = deadline - performance.now();
      if (!isConnectionError(error) || left <= 0) throw unavailable(url, error);
      log?.(`Waiting for the database at ${place(url)}: ${reason(error)}`);
      await pause(Math.min(wait, left));
    }
  }
}

/** Returns whether `error`, or its cause, says that the server has no database of this name. */
export function isMissingDatabase(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return code === NO_SUCH_DATABASE || cause?.code === NO_SUCH_DATABASE;
}

/** Returns `url` for people: with `***` for the password, in the parameters too. */
export function maskUrl(url: string): string {
  if (!URL.canParse(url)) return 'a database URL that cannot be read';
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '***';
  for (const name of ['password', 'sslpassword'])
    if (parsed.searchParams.has(name)) parsed.searchParams.set(name, '***');
  return parsed.href;
}

/**
 * Returns a pool of at most `max` connections that show up in pg_stat_activity as `name`. It connects when it is used. The caller calls
 * `destroy`. A connection that breaks while nobody uses it is dropped from the pool and replaced.
 */
export function openDatabase(url: string, { max, name }: { max: number; name: string }): Knex {
  return createKnex({
    client: 'pg',
    connection: {
      connectionString: connectionUrl(url, name),
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
    },
    pool: { min: 0, max },
    acquireConnectionTimeout: ACQUIRE_WITHIN_MS,
    log: QUIET,
  });
}

/** Returns one connection, not yet connected, with the settings of the pools. A loss of the connection is seen by the next query. */
export function openClient(url: string, name: string, connectWithinMs = CONNECT_WITHIN_MS): pg.Client {
  const client = new pg.Client({
    connectionString: connectionUrl(url, name),
    keepAlive: true,
    connectionTimeoutMillis: connectWithinMs,
  });
  // Without a listener the loss of an idle connection would end the process.
  client.on('error', () => {});
  return client;
}

async function tryDatabase(url: string, leftMs: number, create: boolean): Promise<void> {
  const connectWithinMs = Math.ceil(Math.min(Math.max(leftMs, FIRST_RETRY_MS), CONNECT_WITHIN_MS));
  try {
    await query(url, 'SELECT 1', connectWithinMs);
  } catch (error) {
    if (!create || !isMissingDatabase(error)) throw error;
    await createDatabase(url, connectWithinMs);
  }
}

async function createDatabase(url: string, connectWithinMs: number): Promise<void> {
  const name = pg.escapeIdentifier(databaseOf(url));
  const maintenance = parseUrl(url);
  for (const database of MAINTENANCE_DATABASES) {
    maintenance.pathname = `/${database}`;
    try {
      return await query(
        maintenance.href,
        `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`,
        connectWithinMs,
      );
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== undefined && CREATED_MEANWHILE.has(code)) return;
      if (code !== NO_SUCH_DATABASE || database === MAINTENANCE_DATABASES.at(-1)) throw error;
    }
  }
}

async function query(url: string, sql: string, connectWithinMs: number): Promise<void> {
  const client = openClient(url, 'holdfast start', connectWithinMs);
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function unavailable(url: string, error: unknown): Unavailable {
  const refused = !isConnectionError(error);
  return new Unavailable(
    refused ? 'database_refused' : 'database_unreachable',
    `The database at ${place(url)}, ${refused ? 'does not let us in' : 'cannot be reached'}: ${reason(error)}. ` +
      (refused ? advice(error) : 'Start it, or correct DATABASE_URL.'),
    undefined,
    { cause: error },
  );
}

/** Encryption fails before Postgres has a say, with a code of Node or OpenSSL, or a sentence of pg. */
function advice(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (/\b(ssl|tls|certificate)\b/i.test(message) || /CERT|SSL|TLS/.test(code ?? ''))
    return 'Check the encryption that DATABASE_URL asks for (its parameters sslmode and sslrootcert), and what the server offers.';
  return 'Check the user, the password and the rights of the user in DATABASE_URL.';
}

function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  const words = code === undefined ? undefined : REASONS[code];
  return words === undefined ? message : `${words} (${code})`;
}

function place(url: string): string {
  const parsed = parseUrl(url);
  const host = parsed.searchParams.get('host') ?? decodeURIComponent(parsed.hostname);
  const user = userOf(parsed) || 'of this account';
  return `${host || 'localhost'}:${parsed.port || '5432'}, database "${databaseOf(url)}", user "${user}"`;
}

function userOf({ searchParams, username }: URL): string {
  return searchParams.get('user') ?? decodeURIComponent(username);
}

/** As libpq has it, the database is called like the user when the URL does not name one. */
function databaseOf(url: string): string {
  const parsed = parseUrl(url);
  return decodeURIComponent(parsed.pathname.slice(1)) || userOf(parsed) || 'postgres';
}

/** The error of a URL that cannot be read must not repeat it: the password is in it. */
function parseUrl(url: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new Unavailable(
    'database_refused',
    'DATABASE_URL cannot be read. It has the form postgresql://user:password@host:port/database; signs such as / # ? @ in the password are written in their %-form.',
  );
}
