// The embedded server's life: made once, started when needed, and what it is like.

import { once } from 'node:events';
import { readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startEmbedded } from '../../../src/postgres/embedded/server.ts';
import { freePort } from '../../../src/postgres/embedded/port.ts';
import { isPostmaster } from '../../../src/postgres/embedded/postmaster.ts';
import { sql, startApp, startHere } from '../support/apps.ts';
import { clusterStock, testDirectory } from '../support/directory.ts';

const copiedCluster = clusterStock();

describe('startEmbedded', () => {
  it('makes a cluster, keeps its data, and stops with its last user', async () => {
    const dataDir = join(testDirectory(), 'deep', 'postgres');
    const first = await startEmbedded({ dataDir });
    expect(first.attached).toBe(false);
    await sql(first.url(), `CREATE TABLE kept AS SELECT 'kept' AS text`);
    await first.stop();
    expect(isPostmaster(first.pid, first.dataDir)).toBe(false);
    const second = await startHere({ dataDir });
    expect(await sql(second.url(), 'SELECT text FROM kept')).toEqual([{ text: 'kept' }]);
  });

  it('is shared within a process, too', async () => {
    const dataDir = copiedCluster();
    const first = await startHere({ dataDir });
    const second = await startHere({ dataDir });
    expect(second).toMatchObject({ attached: true, pid: first.pid, port: first.port });
    await first.stop();
    await first.stop();
    expect(await sql(second.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.stop();
    expect(isPostmaster(second.pid, second.dataDir)).toBe(false);
  });

  it('is the same server by whatever path one comes', async () => {
    const dataDir = copiedCluster();
    const direct = await startHere({ dataDir });
    const link = join(testDirectory(), 'link');
    await symlink(dataDir, link);
    expect(await startHere({ dataDir: link })).toMatchObject({ attached: true, pid: direct.pid, dataDir });
  });

  it('keeps its password in a file for its account alone, and out of the logs', async () => {
    const log: string[] = [];
    const server = await startHere({ dataDir: copiedCluster(), log: (line) => log.push(line) });
    const { password } = new URL(server.url());
    const file = join(server.dataDir, 'embedded.password');
    expect((await readFile(file, 'utf8')).trim()).toBe(password);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const logs = [...log, await readFile(join(server.dataDir, 'embedded.log'), 'utf8')].join('\n');
    expect(logs).toContain('ready to accept connections');
    expect(logs).not.toContain(password);
    const other = Object.assign(new URL(server.url()), { password: 'guessed' });
    await expect(sql(other.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('has room for the pools of several processes', async () => {
    const server = await startHere({ dataDir: copiedCluster() });
    expect(await sql(server.url(), 'SHOW max_connections')).toEqual([{ max_connections: '200' }]);
  });

  it('speaks UTF-8 whatever the locale of the app', async () => {
    const dataDir = join(testDirectory(), 'postgres');
    const app = await startApp(
      { dataDir },
      { environment: { LANG: 'xx_YY.KOI8-Z', LC_ALL: 'garbage', LC_CTYPE: 'POSIX', TZ: 'Mars/Olympus' } },
    );
    const [row] = await sql(
      app.server.url,
      `SELECT current_setting('server_encoding') AS encoding, upper('straße ж') AS upper, current_setting('TimeZone') AS zone`,
    );
    expect(row).toEqual({ encoding: 'UTF8', upper: 'STRAßE Ж', zone: 'UTC' });
  });

  it('listens on the port that it is told to, and says so when another program has it', async () => {
    const dataDir = copiedCluster();
    const port = await freePort();
    const server = await startEmbedded({ dataDir, port });
    expect(server.port).toBe(port);
    await server.stop();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as AddressInfo).port;
    await expect(startEmbedded({ dataDir, port: taken })).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(String(taken)),
    });
    other.close();
  });

  it('says what Postgres says when it cannot start, without waiting for the deadline', async () => {
    const dataDir = copiedCluster();
    const started = performance.now();
    await expect(
      startEmbedded({ dataDir, settings: { no_such_setting: '1' }, deadlineMs: 20_000 }),
    ).rejects.toMatchObject({
      code: 'embedded_start',
      message: expect.stringMatching(/unrecognized configuration parameter "no_such_setting".*embedded\.log/s),
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('refuses the data of another major version', async () => {
    const dataDir = testDirectory();
    await writeFile(join(dataDir, 'PG_VERSION'), '15\n');
    await expect(startEmbedded({ dataDir })).rejects.toMatchObject({
      code: 'embedded_version',
      message: expect.stringMatching(/Postgres 15.*Postgres 18/s),
    });
  });

  it('refuses a folder that holds something else, and a place where no folder can be', async () => {
    const directory = testDirectory();
    await writeFile(join(directory, 'letter.txt'), '');
    await expect(startEmbedded({ dataDir: directory })).rejects.toMatchObject({
      code: 'embedded_directory',
      message: expect.stringContaining('letter.txt'),
    });
    await expect(startEmbedded({ dataDir: join(directory, 'letter.txt', 'postgres') })).rejects.toMatchObject({
      code: 'embedded_directory',
      message: expect.stringMatching(/letter\.txt\/postgres .* a part of the path is a file.*DATABASE_URL/s),
    });
  });
});
