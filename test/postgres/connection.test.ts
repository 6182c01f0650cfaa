// How the app gets to its database: URLs, waiting, and pools that survive the loss of a connection.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectionUrl, maskUrl, openClient, openDatabase, waitForDatabase } from '../../src/postgres/connection.ts';
import { freePort } from '../../src/postgres/embedded/port.ts';
import { emptyDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await emptyDatabase('connection');
});

afterAll(() => database.drop());

const changed = (changes: Partial<Record<'username' | 'password' | 'hostname' | 'port' | 'pathname', string>>) =>
  Object.assign(new URL(database.url), changes).href;

describe('connectionUrl', () => {
  it('adds the name and the limit for idle transactions', () => {
    const url = new URL(connectionUrl('postgresql://me:secret@db:5433/app?sslmode=disable', 'holdfast reads'));
    expect(url.host).toBe('db:5433');
    expect(url.password).toBe('secret');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      sslmode: 'disable',
      application_name: 'holdfast reads',
      options: '-c idle_in_transaction_session_timeout=60000',
    });
  });

  it('keeps what the URL sets itself', () => {
    const own = 'postgresql://db/app?application_name=mine&options=-c%20search_path%3Dapp';
    expect(new URL(connectionUrl(own, 'x')).searchParams.get('application_name')).toBe('mine');
    expect(new URL(connectionUrl(own, 'x')).searchParams.get('options')).toBe(
      '-c search_path=app -c idle_in_transaction_session_timeout=60000',
    );
    const limited = 'postgresql://db/app?options=-c%20idle_in_transaction_session_timeout%3D5';
    expect(new URL(connectionUrl(limited, 'x')).searchParams.get('options')).toBe(
      '-c idle_in_transaction_session_timeout=5',
    );
  });

  it('changes nothing when it is applied twice', () => {
    const once = connectionUrl('postgresql://db/app', 'holdfast reads');
    expect(connectionUrl(once, 'holdfast engine')).toBe(once);
  });

  it('says that a URL cannot be read without repeating its password', () => {
    expect(() => connectionUrl('postgresql://me:sec/ret@db:x/app', 'x')).toThrow(
      expect.objectContaining({ code: 'database_refused', message: expect.not.stringContaining('sec') }),
    );
  });

  it('arrives at the server', async () => {
    const client = openClient(database.url, 'holdfast test ä');
    await client.connect();
    const { rows } = await client.query(
      `SELECT current_setting('application_name') AS name, current_setting('idle_in_transaction_session_timeout') AS idle`,
    );
    await client.end();
    expect(rows).toEqual([{ name: expect.stringMatching(/^holdfast test /), idle: '1min' }]);
  });
});

describe('maskUrl', () => {
  it.each([
    ['postgresql://me:secret@db:5433/app', 'postgresql://me:***@db:5433/app'],
    ['postgresql://me@db/app', 'postgresql://me@db/app'],
    ['postgresql://db/app?user=me&password=secret', 'postgresql://db/app?user=me&password=***'],
    ['postgresql://me:sec/ret@db:x/app', 'a database URL that cannot be read'],
  ])('shows %s as %s', (url, masked) => {
    expect(maskUrl(url)).toBe(masked);
  });
});

describe('waitForDatabase', () => {
  it('creates the database, once, when several do it at once', async () => {
    const pathname = `/made-${Date.now()}-Ünï`;
    const url = changed({ pathname });
    await Promise.all(Array.from({ length: 5 }, () => waitForDatabase(url, { deadlineMs: 5000 })));
    const [row] = await database.query(
      `SELECT pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = $1`,
      [pathname.slice(1)],
    );
    expect(row).toEqual({ encoding: 'UTF8' });
    await database.query(`DROP DATABASE "${pathname.slice(1)}" WITH (FORCE)`);
  });

  it('refuses at once when the password is wrong', async () => {
    const started = performance.now();
    await expect(waitForDatabase(changed({ password: 'wr0ng' }), { deadlineMs: 20_000 })).rejects.toMatchObject({
      code: 'database_refused',
      message: expect.stringMatching(
        /127\.0\.0\.1:\d+, database "connection_\w+", user "postgres".*password authentication failed/s,
      ),
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('refuses at once when there is no password, or no right to create the database', async () => {
    await expect(waitForDatabase(changed({ password: '' }), { deadlineMs: 20_000 })).rejects.toMatchObject({
      code: 'database_refused',
    });
    const role = `poor_${Date.now()}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`);
    await expect(
      waitForDatabase(changed({ username: role, password: 'p', pathname: '/none' }), { deadlineMs: 20_000 }),
    ).rejects.toMatchObject({
      code: 'database_refused',
      message: expect.stringContaining('permission denied to create database'),
    });
    await database.query(`DROP ROLE ${role}`);
  });

  it('names the place and the reason when nothing answers, but never the password', async () => {
    const port = String(await freePort());
    const log: string[] = [];
    const url = changed({ port, password: 's3cret' });
    const error = await waitForDatabase(url, { deadlineMs: 200, log: (line) => log.push(line) }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'database_unreachable',
      message: expect.stringMatching(
        /127\.0\.0\.1:\d+, database "connection_\w+", user "postgres".*nothing listens there.*DATABASE_URL/s,
      ),
    });
    expect(log.length).toBeGreaterThan(1);
    expect(JSON.stringify([(error as Error).message, log])).not.toContain('s3cret');
  });

  it('does not wait for a server that accepts and says nothing longer than its deadline', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const url = changed({ port: String((silent.address() as AddressInfo).port) });
    await expect(waitForDatabase(url, { deadlineMs: 300 })).rejects.toMatchObject({ code: 'database_unreachable' });
  });

  it('goes on as soon as a server comes up', async () => {
    const port = await freePort();
    const { hostname, port: real } = new URL(database.url);
    const door = createServer((socket) => void socket.pipe(connect(Number(real), hostname)).pipe(socket));
    onTestFinished(() => void door.close());
    const refused = vi.fn(() => void door.listen(port, '127.0.0.1'));
    await waitForDatabase(changed({ port: String(port) }), {
      deadlineMs: 10_000,
      log: (line) => refused.mock.calls.length === 0 && line && refused(),
    });
    expect(refused).toHaveBeenCalledOnce();
  });
});

describe('openDatabase', () => {
  it('replaces a connection that was cut while nobody used it', async () => {
    const pool = openDatabase(database.url, { max: 1, name: 'holdfast pool' });
    onTestFinished(() => pool.destroy());
    const pid = async () => (await pool.raw('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    const first = await pid();
    await database.query('SELECT pg_terminate_backend($1)', [first]);
    await vi.waitFor(async () => expect(await pid()).not.toBe(first));
    const [row] = await database.query(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'holdfast pool'`,
    );
    expect(row).toEqual({ n: 1 });
  });

  it('fails with the reason, not after a timeout, when nothing listens', async () => {
    const pool = openDatabase(changed({ port: String(await freePort()) }), { max: 2, name: 'holdfast pool' });
    onTestFinished(() => pool.destroy());
    await expect(pool.raw('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
