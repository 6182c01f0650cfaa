// Where the files of test servers go: into memory where there is room for them.

import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const ROOM_BYTES = 2 * 1024 ** 3;
const PREFIX = 'holdfast-test-';
const DAY_MS = 86_400_000;

/**
 * Returns a new directory, which other accounts may enter: as root, the tests run their servers as another one. A database
 * consists of five hundred files, and tests make and drop hundreds of databases: on a disk that takes ten times as long.
 */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(hasRoom(MEMORY) ? MEMORY : tmpdir(), PREFIX));
  chmodSync(directory, 0o755);
  return directory;
}

/** Removes what test runners left in memory that were killed: nobody else looks for it there. */
export function removeLeftOvers(): void {
  if (!hasRoom(MEMORY)) return;
  for (const name of readdirSync(MEMORY)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(MEMORY, name);
    const made = statSync(path, { throwIfNoEntry: false });
    if (made && Date.now() - made.mtimeMs > DAY_MS) rmSync(path, { recursive: true, force: true });
  }
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
