// What waiting costs: memory of the process and transactions of the database while nothing happens, and the time to wake up.

import { type Service, start, step, waitFor, workflow } from 'holdfast';
import type pg from 'pg';
import { sendMessage } from '../../src/engine/runs.ts';
import { quantile } from '../measurement.ts';
import { startApp, startMany } from './app.ts';
import { Moments } from './moments.ts';
import { observe, until } from './observer.ts';
import type { Figures, Task } from './part.ts';

const PROBES = 50;
const WARM_UP_RUNS = 200;
const IDLE_SECONDS = { full: 20, quick: 10 };
/** Runs count as settled when no status has changed for this long. */
const SETTLED_MS = 3000;

interface ParkedRuns {
  service: Service;
  workflow: (n: number) => Promise<number>;
  /** When the step after the wait began. */
  moments: Moments;
}

export async function measureParked(task: Task): Promise<Figures> {
  const runs = Number(task.params.runs);
  // Places for all, so that an engine that holds waiting runs in memory is measured by the same program.
  const parked = parkedRuns();
  await startApp(task, [parked.service], { parked: runs + WARM_UP_RUNS });
  const [database, statistics] = [await observe(task.url), await observe(maintenanceUrl(task.url))];
  await warmUp(parked, database);
  await settled(database);
  const empty = memory();
  const probes = await park(parked, runs);
  await untilWaiting(database, runs + WARM_UP_RUNS);
  await settled(database);
  const full = memory();
  const idle = await idleTransactions(statistics, databaseName(task.url), IDLE_SECONDS[task.quick ? 'quick' : 'full']);
  const wakes = await wakeTimes(parked, probes);
  return {
    heap_bytes_per_run: Math.max(0, full.heapUsed - empty.heapUsed) / runs,
    rss_mb: full.rss / 1e6,
    idle_transactions_per_second: idle,
    wake_p50_ms: quantile(wakes, 0.5),
    wake_p99_ms: quantile(wakes, 0.99),
  };
}

/** A step, a wait for a message for up to two days, and another step. */
function parkedRuns(): ParkedRuns {
  const moments = new Moments();
  class Parked {
    @workflow({ lane: 'parked' })
    static async run(n: number): Promise<number> {
      await Parked.before(n);
      await waitFor('go', { timeout: '48h' });
      return Parked.after(n);
    }

    @step()
    static async before(n: number): Promise<number> {
      return n;
    }

    @step()
    static async after(n: number): Promise<number> {
      moments.begin(n);
      return n;
    }
  }
  return { service: Parked, workflow: Parked.run, moments };
}

/** Whatever is loaded, compiled and pooled when runs wait and wake is there before the memory is looked at. */
async function warmUp(parked: ParkedRuns, database: pg.Client): Promise<void> {
  const ids = new Map<number, string>();
  await startMany(WARM_UP_RUNS, async (n) => {
    ids.set(n, (await start(parked.workflow, n)).id);
  });
  await untilWaiting(database, WARM_UP_RUNS);
  await wakeTimes(parked, ids);
}

/** Starts the runs, and returns the ids of those that will be woken, by their number; more than that would be memory of ours. */
async function park(parked: ParkedRuns, runs: number): Promise<Map<number, string>> {
  const probes = new Map<number, string>();
  const every = Math.max(1, Math.floor(runs / PROBES));
  await startMany(runs, async (n) => {
    const { id } = await start(parked.workflow, n);
    if (n % every === 0 && n / every < PROBES) probes.set(n, id);
  });
  return probes;
}

/** The deadline of a wait is recorded when the wait begins. */
async function untilWaiting(database: pg.Client, runs: number): Promise<void> {
  await until(`${runs} runs to wait`, async () => {
    const { rows } = await database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM dbos.operation_outputs WHERE function_name = 'DBOS.sleep'`,
    );
    return rows[0]!.n >= runs;
  });
}

/** Resolves when the statuses of all runs have been the same for three seconds: those that leave memory have left it. */
async function settled(database: pg.Client): Promise<void> {
  let [seen, since] = ['', performance.now()];
  await until('the runs to settle', async () => {
    const { rows } = await database.query(
      'SELECT status, count(*) FROM dbos.workflow_status GROUP BY status ORDER BY status',
    );
    const now = JSON.stringify(rows);
    if (now !== seen) [seen, since] = [now, performance.now()];
    return performance.now() - since > SETTLED_MS;
  });
}

function memory(): NodeJS.MemoryUsage {
  for (let time = 0; time < 3; time += 1) globalThis.gc!();
  return process.memoryUsage();
}

/** Returns the transactions a second in the runs' database; the connection that asks is in another one. */
async function idleTransactions(statistics: pg.Client, database: string, seconds: number): Promise<number> {
  const count = async (): Promise<number> => {
    const { rows } = await statistics.query<{ n: string }>(
      'SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = $1',
      [database],
    );
    return Number(rows[0]!.n);
  };
  const [before, startedAt] = [await count(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return ((await count()) - before) / ((performance.now() - startedAt) / 1000);
}

/** Sends a message to one run after another; the times, in order of length, from the sending to the body of the next step. */
async function wakeTimes(parked: ParkedRuns, runs: ReadonlyMap<number, string>): Promise<number[]> {
  const times: number[] = [];
  for (const [n, id] of runs) {
    const begins = parked.moments.expect(n);
    const sentAt = performance.now();
    await sendMessage(id, 'go', n);
    times.push((await begins) - sentAt);
  }
  return times.sort((a, b) => a - b);
}

function databaseName(url: string): string {
  return new URL(url).pathname.slice(1);
}

function maintenanceUrl(url: string): string {
  return new URL('/postgres', url).href;
}
