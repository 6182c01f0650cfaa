// One preparation at a time in a checkout: a lock file that names its owner, and that outlives neither the owner nor its silence.

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HEARTBEAT_MS = 2_000;
const SILENCE_MS = 30_000;
const POLL_MS = 100;

/** Runs `work` while no other process runs its own under the same `root`; waits for those that do. */
export async function withLock(root, work) {
  const directory = join(root, '.holdfast');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'prepare.lock');
  await acquire(path);
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(path, { force: true });
  }
}

async function acquire(path) {
  let announced = false;
  while (!create(path)) {
    const owner = ownerOf(path);
    if (owner === undefined) continue;
    if (!isAlive(path, owner)) {
      takeOver(path, owner);
      continue;
    }
    if (!announced) console.error(`Waiting for process ${owner}, which is preparing this checkout.`);
    announced = true;
    await sleep(POLL_MS);
  }
}

/** Creates `path` with our process id in it, all in one step (a hard link); false when it exists. */
function create(path) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A process id may have been given to another process since, so a living owner also has to touch its lock. */
function isAlive(path, owner) {
  if (owner === process.pid) return false;
  try {
    if (Date.now() - statSync(path).mtimeMs > SILENCE_MS) return false;
    process.kill(owner, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Removes the lock of `owner`, which is gone. Of several that see this at once, only the holder of a second lock may do it. */
function takeOver(path, owner) {
  const gate = `${path}.takeover`;
  if (!create(gate)) {
    const other = ownerOf(gate);
    if (other !== undefined && !isAlive(gate, other)) rmSync(gate, { force: true });
    return;
  }
  if (ownerOf(path) === owner && !isAlive(path, owner)) renameSync(path, `${gate}.old`);
  rmSync(`${gate}.old`, { force: true });
  rmSync(gate, { force: true });
}

function touch(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The lock was taken away while this process stood still; the work is safe to repeat, so it goes on.
  }
}
