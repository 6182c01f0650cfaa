// The data folder: made once, whoever comes first, in UTF-8 whatever the locale of the machine says.

import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Unavailable } from '../../core/errors.ts';
import { type Account, giveTo, may } from './account.ts';
import type { Binaries } from './binaries.ts';

/** Where the data goes when the account may not enter the folder that was asked for. */
const COMMON_PLACE = '/var/lib/holdfast';
const MAJOR_VERSION = '18';
export const LEASE_FILE = 'holdfast.lease';
const PASSWORD_FILE = 'holdfast.password';

/** Returns the data folder for `wanted`: that itself, or one in a common place when the account cannot get at it. */
export function placeFor(wanted: string, account: Account): string {
  const path = resolve(wanted);
  let existing = dirname(path);
  while (!existsSync(existing)) existing = dirname(existing);
  if (may(account, '-x', existing)) return path;
  return join(COMMON_PLACE, createHash('sha256').update(path).digest('hex').slice(0, 16));
}

/**
 * Makes the cluster in `dataDir` unless there is one, and returns the password of its user `postgres`. It is made in a folder
 * beside it and then renamed: of two processes that begin at once, one wins, and the other uses the winner's.
 * @throws Unavailable `embedded_data_unusable`
 */
export function ensureCluster(dataDir: string, binaries: Binaries, account: Account): string {
  if (!existsSync(join(dataDir, 'PG_VERSION'))) createCluster(dataDir, binaries, account);
  const version = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  if (version !== MAJOR_VERSION) {
    throw unusable(`${dataDir} was made by Postgres ${version}, and this is ${MAJOR_VERSION}. Move the folder away, or serve it with DATABASE_URL.`);
  }
  try {
    return readFileSync(join(dataDir, PASSWORD_FILE), 'utf8');
  } catch {
    throw unusable(`${dataDir} holds a Postgres that was not made by Holdfast. Name another folder with HOLDFAST_DATA_DIR, or set DATABASE_URL.`);
  }
}

function createCluster(dataDir: string, binaries: Binaries, account: Account): void {
  let draft: string;
  try {
    mkdirSync(dirname(dataDir), { recursive: true });
    draft = mkdtempSync(join(dirname(dataDir), `.${basename(dataDir)}-`));
  } catch (error) {
    throw unusable(`${dirname(dataDir)} cannot be written to (${(error as Error).message}). Name another folder with HOLDFAST_DATA_DIR, or set DATABASE_URL.`);
  }
  try {
    chmodSync(draft, 0o700);
    giveTo(account, draft);
    initialise(draft, binaries, account);
    renameSync(draft, dataDir);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(join(dataDir, 'PG_VERSION'))) throw error;
  }
}

function initialise(folder: string, binaries: Binaries, account: Account): void {
  const password = randomBytes(24).toString('base64url');
  const passwordFile = `${folder}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(account, passwordFile);
  const encoding = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const result = spawnSync(binaries.initdb, ['-D', folder, '-U', 'postgres', '--pwfile', passwordFile, '--auth=scram-sha-256', ...encoding], {
    ...account,
    cwd: '/',
    env: neutralEnvironment(),
    encoding: 'utf8',
  });
  rmSync(passwordFile, { force: true });
  if (result.status !== 0) throw unusable(`initdb failed: ${result.stderr || result.error?.message || `status ${result.status}`}`);
  writeFileSync(join(folder, PASSWORD_FILE), password, { mode: 0o600 });
  const fifo = spawnSync('mkfifo', ['-m', '600', join(folder, LEASE_FILE)], { ...account, cwd: '/', encoding: 'utf8' });
  if (fifo.status !== 0) throw unusable(`mkfifo failed: ${fifo.stderr || fifo.error?.message}`);
}

/** Returns our environment without what would make the server speak another language or load other libraries. */
export function neutralEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/', TZ: 'UTC', LC_ALL: 'C', LANG: 'C' };
}

function unusable(message: string): Unavailable {
  return new Unavailable('embedded_data_unusable', `The embedded Postgres cannot use its data folder: ${message}`);
}
