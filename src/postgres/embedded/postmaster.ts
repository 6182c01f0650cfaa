// Whether a server runs on a data directory: what its postmaster.pid says, and whether that process is really the server.

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const EMPTY_FOR_MS = 3000;

/** What a server wrote into its data directory about itself. */
export interface Postmaster {
  pid: number;
  port: number;
  status: 'starting' | 'ready' | 'stopping';
}

/** Returns the server that runs on `dataDir`, or that ran there last and was killed; undefined when it was stopped. */
export function lastPostmaster(dataDir: string): Postmaster | undefined {
  return parse(join(dataDir, 'postmaster.pid'));
}

/** Returns the server that runs on `dataDir`, or undefined; a file that a dead server left behind does not count. */
export function runningPostmaster(dataDir: string): Postmaster | undefined {
  const found = lastPostmaster(dataDir);
  return found && isPostmaster(found.pid, dataDir) ? found : undefined;
}

/** Returns whether the process `pid` is a Postgres server on `dataDir`, and not another process which got the same number since. */
export function isPostmaster(pid: number, dataDir: string): boolean {
  return isAlive(pid) && commandLine(pid).includes(`/postgres -D ${dataDir} `);
}

/**
 * Returns the first line of a postmaster.pid that keeps Postgres from starting though no server runs: one which names a living process
 * that is something else, or one which a crash of the machine left empty. (When the process is dead, Postgres removes the file itself.)
 * Whoever holds the data directory's lock may remove that file.
 */
export function stalePidLine(dataDir: string): string | undefined {
  const file = join(dataDir, 'postmaster.pid');
  const found = parse(file);
  if (found === undefined) return isOldAndEmpty(file) ? '' : undefined;
  return isAlive(found.pid) && !isPostmaster(found.pid, dataDir) ? String(found.pid) : undefined;
}

/** Returns whether a process with this number exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A server that starts writes its file at once, so one that is still empty after a while was never finished. */
function isOldAndEmpty(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats !== undefined && stats.size === 0 && Date.now() - stats.mtimeMs > EMPTY_FOR_MS;
}

/** The lines of the file: pid, data directory, start time, port, socket directory, address, shared memory, status. */
function parse(file: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const status = lines[7]?.trim();
  return { pid, port: Number(lines[3]), status: status === 'ready' || status === 'stopping' ? status : 'starting' };
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
