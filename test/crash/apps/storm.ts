// An app whose runs use everything that is durable, for processes that are killed: the body of each step says where it runs.

import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  createApp,
  currentRunId,
  db,
  parallel,
  progress,
  sleep,
  start,
  step,
  stepContext,
  transaction,
  uuid,
  waitFor,
  workflow,
} from 'holdfast';

export class Storm {
  /** Steps, some of them at the same time, transactions, a child, a timer, a message and progress. */
  @workflow()
  static async mixed(name: string) {
    const first = await Storm.work(name, 'first');
    const parts = await parallel(['left', 'middle', 'right'], async (part) => [
      await Storm.work(name, `${part} 1`),
      await Storm.work(name, `${part} 2`),
    ]);
    await progress('half');
    const token = await uuid();
    await Storm.pay(name, 'pay', token);
    const child = await (await start(Storm.leaf, name)).result();
    await sleep(50);
    const message = await waitFor('go', { timeout: '10m' });
    await Storm.pay(name, 'settle', token);
    await progress('done');
    const last = await Storm.work(name, 'last');
    return { first, parts, token, child, message, last };
  }

  /** The child of `mixed`. */
  @workflow()
  static async leaf(name: string) {
    const leaf = await Storm.work(name, 'leaf');
    await Storm.pay(name, 'leaf pay', 'leaf');
    return leaf;
  }

  /** A pause between two steps, and one in each of them and in the transaction, when the witness holds them. */
  @workflow()
  static async fragile(name: string) {
    const first = await Storm.work(name, 'first');
    await tell(name, 'between');
    await Storm.pay(name, 'pay', 'fragile');
    const last = await Storm.work(name, 'last');
    return { first, last };
  }

  /** Many short steps. */
  @workflow()
  static async long(name: string) {
    for (let n = 0; n < 400; n += 1) await Storm.work(name, `${n}`);
  }

  @workflow()
  static async nap(ms: number) {
    await sleep(ms);
    await Storm.work('nap', 'awake');
  }

  @workflow()
  static async unheard(ms: number) {
    return (await waitFor('nothing', { timeout: ms })) ?? 'timed out';
  }

  @step()
  static async work(name: string, label: string): Promise<string> {
    await tell(name, label, stepContext().signal);
    await delay(10);
    return label;
  }

  @transaction()
  static async pay(name: string, label: string, token: string): Promise<void> {
    await db().raw('INSERT INTO effects (run_id, name) VALUES (?, ?)', [currentRunId()!, `${label} ${token}`]);
    await tell(name, label);
  }
}

/** The time is that of the machine also where the process's own clock is wrong. */
async function tell(name: string, label: string, signal: AbortSignal | null = null): Promise<void> {
  const who = new URLSearchParams({
    run: currentRunId()!,
    label,
    process: process.env.PROCESS_NAME!,
    at: String(performance.timeOrigin + performance.now()),
  });
  await fetch(`${process.env.WITNESS_URL}/${encodeURIComponent(`${name} ${label}`)}?${who.toString()}`, { signal });
}

export default createApp({
  services: [Storm],
  lanes: { default: { concurrency: 25 }, wide: { concurrency: 100 } },
  // The SQL files are not compiled: they lie beside this file's source.
  migrations: fileURLToPath(new URL('../../test/crash/apps/migrations', import.meta.url)),
});
