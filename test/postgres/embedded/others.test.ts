// The embedded server among accounts and containers: started by one, used by another, or refused with the reason. Only root can play them all.

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canReach, clusterOwner, serverAccount } from '../../../src/postgres/embedded/account.ts';
import { isPostmaster } from '../../../src/postgres/embedded/postmaster.ts';
import { sql, startApp, startHere, untilGone } from '../support/apps.ts';
import { testDirectory } from '../support/directory.ts';

const asRoot = process.getuid?.() === 0;
/** An account that may have to stay out, where Node or this repository lies below a folder that is closed to others. */
const other = asRoot ? serverAccount() : undefined;
const canPlay = other !== undefined && [process.execPath, import.meta.dirname].every((file) => canReach(file, other));
const ANOTHER_CONTAINER = ['unshare', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];
const hasContainers = asRoot && spawnSync(ANOTHER_CONTAINER[0]!, [...ANOTHER_CONTAINER.slice(1), 'true']).status === 0;

/** Returns a data directory that is still to be made, below a folder of `account`. */
function dataDirOf(account: { uid: number; gid: number }): string {
  const directory = testDirectory();
  chownSync(directory, account.uid, account.gid);
  return join(directory, 'postgres');
}

describe.runIf(canPlay)('an account that is not root', () => {
  const account = other!;

  it('runs its own server, which root joins, and root later starts again as that account', async () => {
    const dataDir = dataDirOf(account);
    const app = await startApp({ dataDir }, { account });
    expect(statSync(`/proc/${app.server.pid}`).uid).toBe(account.uid);
    expect(clusterOwner(dataDir)).toEqual(account);
    const joined = await startHere({ dataDir });
    expect(joined).toMatchObject({ attached: true, pid: app.server.pid });
    await app.kill();
    expect(await sql(joined.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await joined.stop();
    expect(isPostmaster(joined.pid, dataDir)).toBe(false);
    const again = await startHere({ dataDir });
    expect(statSync(`/proc/${again.pid}`).uid).toBe(account.uid);
  });

  it('is told when it may not write where the data is to lie, or not read the data of another account', async () => {
    const closed = testDirectory();
    await expect(startApp({ dataDir: join(closed, 'deep', 'postgres') }, { account })).rejects.toMatchObject({
      code: 'embedded_directory',
      message: expect.stringMatching(/may not read or write there.*HOLDFAST_DATA_DIR.*DATABASE_URL/s),
    });
    const dataDir = dataDirOf({ uid: 0, gid: 0 });
    const { stop } = await startHere({ dataDir });
    await stop();
    const stranger = { uid: account.uid + 1, gid: account.gid };
    await expect(startApp({ dataDir }, { account: stranger })).rejects.toMatchObject({ code: 'embedded_directory' });
  });

  it('is told when its number has no entry in /etc/passwd', async () => {
    const nameless = { uid: 54_321, gid: 54_321 };
    await expect(startApp({ dataDir: dataDirOf(nameless) }, { account: nameless })).rejects.toMatchObject({
      code: 'embedded_initdb',
      message: expect.stringMatching(/54321 has no entry in \/etc\/passwd.*DATABASE_URL/s),
    });
  });

  it('keeps its data inside a folder of its own whose parent belongs to somebody else', async () => {
    const directory = dirname(dataDirOf(account));
    const parent = testDirectory();
    expect(spawnSync('mv', [directory, join(parent, 'data')]).status).toBe(0);
    chmodSync(parent, 0o755);
    for (const attached of [false, true]) {
      const { server } = await startApp({ dataDir: join(parent, 'data') }, { account });
      expect(server).toMatchObject({ attached, dataDir: join(parent, 'data', 'postgres') });
    }
  });
});

describe.runIf(hasContainers)('another container with the same volume', () => {
  const inContainer = { through: ANOTHER_CONTAINER };

  it('does not start a second server on the data, although it cannot see the first', async () => {
    const dataDir = join(testDirectory(), 'postgres');
    const server = await startHere({ dataDir });
    await expect(startApp({ dataDir, deadlineMs: 700 }, inContainer)).rejects.toMatchObject({
      code: 'embedded_start',
      message: expect.stringContaining('in use by a server that this process cannot see'),
    });
    expect(isPostmaster(server.pid, dataDir)).toBe(true);
    expect(await sql(server.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('takes over when the first is gone, as in a restart of the service', async () => {
    const dataDir = join(testDirectory(), 'postgres');
    const first = await startApp({ dataDir });
    await sql(first.server.url, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
    const second = startApp({ dataDir, deadlineMs: 20_000 }, inContainer);
    // The waiting container wants the server, too, so this one ends as it does in a container that is removed.
    process.kill(first.server.pid, 'SIGTERM');
    await untilGone(first.server);
    await first.kill();
    const { server } = await second;
    expect(await sql(server.url, 'SELECT count(*)::int AS rows FROM kept')).toEqual([{ rows: 1000 }]);
  });
});
