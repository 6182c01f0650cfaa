// The program of a measured process: makes calls with one system, and reports to the process that started it.

import pg from 'pg';
import { tell } from '../engine/part.ts';
import { quantile } from '../measurement.ts';
import { startHoldfast } from './holdfast.ts';
import { startStock } from './stock.ts';
import { type CallsSystem, type CallsTask, type MakeRun, STEPS_OF_RUN } from './work.ts';

const START: Record<CallsSystem, (task: CallsTask) => Promise<MakeRun>> = {
  stock: startStock,
  'holdfast-bare': startHoldfast,
  holdfast: startHoldfast,
};

// It never outlives the process that started it.
process.on('disconnect', () => process.exit(1));
const task = JSON.parse(process.argv[2]!) as CallsTask;
const statements = countStatements();
const makeRun = await START[task.system](task);
await makeCalls(task.warmUp);
const before = statements.count;
const cpuBefore = process.cpuUsage();
const durations = await makeCalls(task.calls);
const { user, system } = process.cpuUsage(cpuBefore);
const sorted = durations.toSorted((a, b) => a - b);
tell('figures', {
  step_p50_ms: quantile(sorted, 0.5),
  step_p99_ms: quantile(sorted, 0.99),
  cpu_ms_per_step: (user + system) / 1000 / durations.length,
  statements_per_step: (statements.count - before) / durations.length,
});

/** Makes so many calls at least, so many runs at a time as the task says. Returns how long their steps took. */
async function makeCalls(calls: number): Promise<number[]> {
  const found: number[] = [];
  let left = Math.ceil(calls / STEPS_OF_RUN);
  const work = async (): Promise<void> => {
    while (left-- > 0) await makeRun(found);
  };
  await Promise.all(Array.from({ length: task.concurrency }, work));
  return found;
}

/** Counts what this process asks its database, whoever asks. */
function countStatements(): { count: number } {
  const counted = { count: 0 };
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = prototype;
  prototype.query = function (...args) {
    counted.count += 1;
    return query.apply(this, args);
  };
  return counted;
}
