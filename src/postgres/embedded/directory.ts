// Where the embedded server's data lies, and whether what lies there can be used.

import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HoldfastError, Unavailable } from '../../core/errors.ts';
import { type Account, canReach } from './account.ts';

/** Root's place for the data of projects which no other account can enter. */
const SYSTEM_DIRECTORY = '/var/lib/holdfast';

/** The cluster's folder inside a folder that cannot be moved away to make place for it. */
const INNER = 'postgres';

/**
 * Makes the folder that holds the data directory and returns the data directory's real path: whoever comes by another path must find
 * the same server. A mounted volume gets the data directory inside. As root, a data directory below a folder that `account` cannot enter
 * (a project in root's home) gives way to one in /var/lib/holdfast; the same project always gets the same one.
 * @throws Unavailable `embedded_directory` when the folder cannot be made or written to
 */
export function chooseDirectory(dataDir: string, account: Account | undefined): string {
  const asked = resolve(dataDir);
  try {
    const wanted = realPath(isImmovable(asked) ? join(asked, INNER) : asked);
    if (canReach(dirname(wanted), account)) return wanted;
    return join(makeFolder(SYSTEM_DIRECTORY), createHash('sha256').update(wanted).digest('hex').slice(0, 16));
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw directoryError(asked, error);
  }
}

/** Returns whether `dataDir` holds a cluster. @throws Unavailable `embedded_version` when it is of another major version than `major` */
export function holdsCluster(dataDir: string, major: string): boolean {
  let found: string;
  try {
    found = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') throw directoryError(dataDir, error);
    requireEmpty(dataDir);
    return false;
  }
  if (found === major) return true;
  throw new Unavailable(
    'embedded_version',
    `The data directory ${dataDir} was made by Postgres ${found}; this build brings Postgres ${major}, which cannot read it. Move the ` +
      'directory away to start with an empty database, or run its own Postgres version on it and set DATABASE_URL.',
  );
}

/** Returns the error that says why `dataDir` cannot be used. */
export function directoryError(dataDir: string, error: unknown): Unavailable {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    EACCES: 'this account may not read or write there',
    EPERM: 'this account may not change it',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    ENOTDIR: 'a part of the path is a file',
    EEXIST: 'a part of the path is a file',
  };
  return new Unavailable(
    'embedded_directory',
    `The data directory ${dataDir} of the embedded Postgres cannot be used: ${reasons[code ?? ''] ?? message}. ` +
      'Set HOLDFAST_DATA_DIR to a folder that this account can write to, or set DATABASE_URL.',
    undefined,
    { cause: error },
  );
}

/** A cluster is moved into place when it is complete. That cannot be done to a mount point, nor in a parent that we may not write to. */
function isImmovable(path: string): boolean {
  if (existsSync(join(path, INNER, 'PG_VERSION'))) return true;
  if (!existsSync(path) || existsSync(join(path, 'PG_VERSION'))) return false;
  const real = realpathSync(path);
  if (statSync(real).dev !== statSync(dirname(real)).dev) return true;
  try {
    accessSync(dirname(real), constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : join(makeFolder(dirname(path)), basename(path));
}

function makeFolder(path: string): string {
  const first = mkdirSync(path, { recursive: true });
  // The umask may be strict, but whoever runs the server has to pass through the folders that we made for it.
  for (let folder = path; first !== undefined && folder.length >= first.length; folder = dirname(folder))
    chmodSync(folder, 0o755);
  accessSync(path, constants.W_OK | constants.X_OK);
  return realpathSync(path);
}

function requireEmpty(dataDir: string): void {
  if (!existsSync(dataDir)) return;
  let entries: string[];
  try {
    entries = readdirSync(dataDir);
  } catch (error) {
    throw directoryError(dataDir, error);
  }
  if (entries.length === 0) return;
  throw new Unavailable(
    'embedded_directory',
    `The folder ${dataDir} is to hold the data of the embedded Postgres, but holds something else (${entries.slice(0, 3).join(', ')}). ` +
      'Set HOLDFAST_DATA_DIR to a folder of its own.',
  );
}
