// The app of a measured process: built with the public API, on the database and with the engine of its task.

import { createApp, readConfig, type Service } from 'holdfast';
import { createLog } from '../../src/observe/log.ts';
import type { Task } from './part.ts';

/** How many runs are started at the same time where many are. */
const CALLERS = 100;

/** Starts an app in this process. `lanes` says how many runs of each lane it runs at a time. It ends with the process. */
export async function startApp(
  { system, url }: Task,
  services: readonly Service[],
  lanes: Record<string, number>,
): Promise<void> {
  const limits = Object.entries(lanes).map(([name, concurrency]) => [name, { concurrency }] as const);
  const environment = { DATABASE_URL: url, PORT: '0', HOLDFAST_ENGINE: system };
  const app = createApp({ services, lanes: Object.fromEntries(limits) });
  await app.start(readConfig(environment), createLog({ level: 'error', format: 'json' }));
}

/** Calls `startOne` for 0 … `count` - 1, a hundred at a time. */
export async function startMany(count: number, startOne: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await startOne(n);
  };
  await Promise.all(Array.from({ length: CALLERS }, work));
}
