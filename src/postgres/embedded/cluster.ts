// Makes a cluster: in a folder of its own, which is then moved into place, so that a cluster is either whole or not there at all.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { HoldfastError, Unavailable } from '../../core/errors.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { directoryError, holdsCluster } from './directory.ts';
import { createLeaseFile } from './lease.ts';
import { isAlive } from './postmaster.ts';
import { SERVER_ENVIRONMENT } from './watcher.ts';

/** UTF-8 with the sort order of code points, the same on every machine, whatever its locale. */
const LANGUAGE = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
const SUPERUSER = 'postgres';
const PASSWORD_FILE = 'embedded.password';

/**
 * Makes a cluster at `dataDir` unless there is one. Of several processes that do it at once one wins and the others use its cluster.
 * @throws Unavailable `embedded_directory`, `embedded_version` or `embedded_initdb`
 */
export async function ensureCluster(dataDir: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  removeAbandoned(dataDir);
  if (holdsCluster(dataDir, binaries.major)) return addLeaseFile(dataDir, account);
  const unfinished = prepareFolder(dataDir, account);
  try {
    await initialise(unfinished, binaries, account);
    await addLeaseFile(unfinished, account);
    renameSync(unfinished, dataDir);
  } catch (error) {
    if (holdsCluster(dataDir, binaries.major)) return;
    throw error instanceof HoldfastError ? error : directoryError(dataDir, error);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

async function addLeaseFile(dataDir: string, account: Account | undefined): Promise<void> {
  try {
    await createLeaseFile(dataDir, account);
  } catch (error) {
    throw directoryError(dataDir, error);
  }
}

/** Returns the name and the password of the cluster's superuser. */
export function readCredentials(dataDir: string): { user: string; password: string } {
  try {
    return { user: SUPERUSER, password: readFileSync(join(dataDir, PASSWORD_FILE), 'utf8').trim() };
  } catch (error) {
    throw directoryError(dataDir, error);
  }
}

/** The name tells who works on the folder, so that the next start can tell whether that process is still there. */
function prepareFolder(dataDir: string, account: Account | undefined): string {
  try {
    const folder = mkdtempSync(`${dataDir}.init-${process.pid}-`);
    if (account) chownSync(folder, account.uid, account.gid);
    chmodSync(folder, 0o700);
    return folder;
  } catch (error) {
    throw directoryError(dataDir, error);
  }
}

async function initialise(folder: string, { initdb }: Binaries, account: Account | undefined): Promise<void> {
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  if (account) chownSync(passwordFile, account.uid, account.gid);
  const flags = ['-D', folder, '-U', SUPERUSER, '--pwfile', passwordFile, '--auth=scram-sha-256', ...LANGUAGE];
  try {
    await promisify(execFile)(initdb, flags, { ...account, cwd: '/', env: SERVER_ENVIRONMENT });
    renameSync(passwordFile, join(folder, PASSWORD_FILE));
  } catch (error) {
    throw initdbError(initdb, folder, error);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function initdbError(initdb: string, folder: string, error: unknown): Unavailable {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
  const said = stderr?.trim() || message;
  const hint =
    code === 'ENOENT'
      ? `${initdb} is there, but this system cannot run it (it needs glibc).`
      : said.includes('effective user ID')
        ? `The account ${process.getuid?.()} has no entry in /etc/passwd, which initdb needs.`
        : '';
  return new Unavailable(
    'embedded_initdb',
    `The embedded Postgres could not make its cluster in ${folder}: ${said}. ${hint} Set DATABASE_URL to use another Postgres server.`,
    undefined,
    { cause: error },
  );
}

/**
 * Removes what processes that were killed in the middle of `ensureCluster` left behind. Their initdb may still be at work there for a
 * moment, and make again what is removed here, and some of it may be another account's: what stays takes room and does no other harm.
 */
function removeAbandoned(dataDir: string): void {
  const prefix = `${basename(dataDir)}.init-`;
  try {
    for (const name of readdirSync(dirname(dataDir))) {
      if (!name.startsWith(prefix)) continue;
      const pid = Number(name.slice(prefix.length).split('-')[0]);
      if (!isAlive(pid)) rmSync(join(dirname(dataDir), name), { recursive: true, force: true });
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EACCES' && code !== 'EPERM') throw directoryError(dataDir, error);
  }
}
