// Where the files of test servers go: into memory where there is room for them.

import { mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const ROOM_BYTES = 2 * 1024 ** 3;
const PREFIX = 'holdfast-test-';
const DAY_MS = 86_400_000;

/**
 * Returns a new directory. A database consists of five hundred files, and tests make and drop hundreds of databases: on a disk
 * that takes ten times as long as in memory.
 */
export async function scratchDirectory(): Promise<string> {
  if (!(await hasRoom(MEMORY))) return mkdtemp(join(tmpdir(), PREFIX));
  await removeLeftOvers(MEMORY);
  return mkdtemp(join(MEMORY, PREFIX));
}

async function hasRoom(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}

/** Test runners that were killed leave their directories, which nobody looks for in memory. */
async function removeLeftOvers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(folder, name);
    const made = await stat(path).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > DAY_MS) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
