// Four processes with a limiter of their own each, and calls in the order in which they came.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PlainSettings } from './plain-process.ts';
import { type System, WORKERS } from './system.ts';

/** Returns the system whose processes may each use `part` of the quota. */
export function plain(part: number): System {
  return async ({ url, quota }, use) => {
    const settings: PlainSettings = { url, requests: quota.requests * part, tokens: quota.tokens * part };
    const path = fileURLToPath(new URL('./plain-process.js', import.meta.url));
    const workers = Array.from({ length: WORKERS }, () => fork(path, [JSON.stringify(settings)]));
    try {
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      await use(async ({ id }, n) => void workers[n % WORKERS]!.send(id));
    } finally {
      await Promise.all(workers.map(ended));
    }
  };
}

async function ended(worker: ChildProcess): Promise<void> {
  const exit = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exit;
}
