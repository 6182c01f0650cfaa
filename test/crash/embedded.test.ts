// The embedded server when processes are killed: apps, the server itself, and the watcher between them.

import { execFileSync } from 'node:child_process';
import { readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isAlive, isPostmaster } from '../../src/postgres/embedded/postmaster.ts';
import { sql, startApp, startHere, untilGone } from '../postgres/support/apps.ts';
import { clusterStock, testDirectory } from '../postgres/support/directory.ts';

const copiedCluster = clusterStock();

describe('an app that is killed', () => {
  it('takes its server with it', async () => {
    const app = await startApp({ dataDir: copiedCluster() });
    await app.kill('SIGKILL');
    await untilGone(app.server);
  });

  it('leaves the server to another app, and the last one takes it along', async () => {
    const dataDir = join(testDirectory(), 'postgres');
    const [first, second] = await Promise.all([startApp({ dataDir }), startApp({ dataDir })]);
    expect(first.server.pid).toBe(second.server.pid);
    expect(first.server.attached).not.toBe(second.server.attached);
    const [owner, guest] = first.server.attached ? [second, first] : [first, second];
    await owner.kill('SIGKILL');
    expect(await sql(guest.server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await guest.kill('SIGKILL');
    await untilGone(guest.server);
  });

  it('leaves nothing half made behind when it was making its cluster', async () => {
    const dataDir = join(testDirectory(), 'postgres');
    const beginnings = async () => (await readdir(dirname(dataDir))).filter((name) => name.includes('.init-'));
    const doomed = startApp({ dataDir }).catch((error: Error) => error.message);
    await vi.waitFor(async () => expect(await beginnings()).not.toEqual([]), { interval: 5 });
    const [name] = await beginnings();
    const pid = Number(/\.init-(\d+)-/.exec(name!)![1]);
    process.kill(pid, 'SIGKILL');
    expect(await doomed).toBe('the app ended before it had a server');
    const server = await startHere({ dataDir });
    expect(await sql(server.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    // What its initdb, which outlived it for a moment, still wrote is removed by a later start.
    await vi.waitFor(async () => {
      await startHere({ dataDir });
      expect(await beginnings()).toEqual([]);
    });
  });

  it('with a Ctrl-C that reaches the whole terminal keeps its server while it ends its work', async () => {
    const app = await startApp({ dataDir: copiedCluster() });
    process.kill(-app.process.pid!, 'SIGINT');
    expect(await sql(app.server.url, 'SELECT pg_sleep(0.1), 1 AS one')).toMatchObject([{ one: 1 }]);
    expect(isPostmaster(app.server.pid, app.server.dataDir)).toBe(true);
  });
});

describe('a server that is killed', () => {
  it('comes back where it was, with every row that was committed, while an app uses it', async () => {
    const app = await startApp({ dataDir: copiedCluster() });
    await sql(app.server.url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    process.kill(app.server.pid, 'SIGKILL');
    await vi.waitFor(
      async () => expect(await sql(app.server.url, 'SELECT count(*)::int AS rows FROM kept')).toEqual([{ rows: 1000 }]),
      10_000,
    );
    const [{ pid }] = await sql(
      app.server.url,
      `SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid`,
    );
    expect(pid).not.toBe(app.server.pid);
    await app.kill();
    await untilGone({ ...app.server, pid });
  });

  it('recovers at the next start, when nothing is left that would bring it back', async () => {
    const dataDir = copiedCluster();
    const app = await startApp({ dataDir });
    await sql(app.server.url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    for (const pid of [...watchersOf(app.server.dataDir), app.server.pid]) process.kill(pid, 'SIGKILL');
    await app.kill();
    const server = await startHere({ dataDir });
    expect(server).toMatchObject({ attached: false, port: app.server.port });
    expect(await sql(server.url(), 'SELECT count(*)::int AS rows FROM kept')).toEqual([{ rows: 1000 }]);
  });

  it('is not started again for nobody when its last user is gone, too', async () => {
    const dataDir = copiedCluster();
    for (let n = 0; n < 8; n += 1) {
      const app = await startApp({ dataDir });
      process.kill(app.server.pid, 'SIGKILL');
      await app.kill('SIGKILL');
      await vi.waitFor(() => expect(watchersOf(app.server.dataDir)).toEqual([]), 3000);
    }
    const server = await startHere({ dataDir });
    expect(await sql(server.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is not mistaken for another process that got its number', async () => {
    const dataDir = copiedCluster();
    const before = await startHere({ dataDir });
    const pidFile = join(before.dataDir, 'postmaster.pid');
    const lines = (await readFile(pidFile, 'utf8')).split('\n');
    await before.stop();
    await writeFile(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
    const after = await startHere({ dataDir });
    expect(after.attached).toBe(false);
    expect(await sql(after.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('may leave an empty pid file, as a machine does that lost its power', async () => {
    const dataDir = copiedCluster();
    const before = await startHere({ dataDir });
    const pidFile = join(before.dataDir, 'postmaster.pid');
    await before.stop();
    await writeFile(pidFile, '');
    await utimes(pidFile, new Date(0), new Date(0));
    expect((await startHere({ dataDir })).attached).toBe(false);
  });
});

describe('a watcher that is killed', () => {
  it('gets a successor from the next app, so that the server still ends with its last user', async () => {
    const dataDir = copiedCluster();
    const app = await startApp({ dataDir });
    for (const pid of watchersOf(app.server.dataDir)) process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(watchersOf(app.server.dataDir)).toEqual([]));
    const server = await startHere({ dataDir });
    expect(server).toMatchObject({ attached: true, pid: app.server.pid });
    await app.kill();
    expect(isAlive(server.pid)).toBe(true);
    await server.stop();
    expect(isPostmaster(server.pid, server.dataDir)).toBe(false);
  });
});

describe('many starts and stops at once', () => {
  it('never hand out a server that is about to stop', async () => {
    const dataDir = copiedCluster();
    const user = async () => {
      for (let round = 0; round < 8; round++) {
        const server = await startHere({ dataDir });
        expect(await sql(server.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
        await server.stop();
      }
    };
    await Promise.all([user(), user(), user()]);
  });
});

/** The shells beside the server of a data directory. "e" shows a process's environment after its command. */
function watchersOf(dataDir: string): number[] {
  const lines = execFileSync('ps', ['axeww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return lines
    .filter((line) => line.includes(' holdfast-postgres ') && line.includes(`DIR=${dataDir} `))
    .map((line) => Number.parseInt(line, 10));
}
