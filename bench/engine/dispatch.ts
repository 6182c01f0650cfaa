// How soon a run starts on an idle service, and how many runs a second go through one lane.

import { type Service, start, step, workflow } from 'holdfast';
import { quantile } from '../measurement.ts';
import { startApp, startMany } from './app.ts';
import { countdown, heldRuns } from './held.ts';
import { Moments } from './moments.ts';
import { allEnded, observe, until } from './observer.ts';
import type { Figures, Task } from './part.ts';

const IDLE_STARTS = { full: 200, quick: 30 };
const IDLE_PAUSE_MS = 20;
const WARM_UP_STARTS = 10;

export async function measureDispatch(task: Task): Promise<Figures> {
  return task.params.load === 'idle' ? measureIdle(task) : measureLane(task);
}

/** One start at a time; from the call of `start()` to the body of the run's first step. */
async function measureIdle(task: Task): Promise<Figures> {
  const moments = new Moments();
  const instant = instantRuns(moments);
  await startApp(task, [instant.service], {});
  const count = IDLE_STARTS[task.quick ? 'quick' : 'full'];
  const waits: number[] = [];
  for (let n = 0; n < WARM_UP_STARTS + count; n += 1) {
    const begins = moments.expect(n);
    const startedAt = performance.now();
    const run = await start(instant.workflow, n);
    waits.push((await begins) - startedAt);
    await run.result();
    await new Promise((resolve) => setTimeout(resolve, IDLE_PAUSE_MS));
  }
  const counted = waits.slice(WARM_UP_STARTS).sort((a, b) => a - b);
  return { enqueue_to_start_p50_ms: quantile(counted, 0.5), enqueue_to_start_p99_ms: quantile(counted, 0.99) };
}

/** All runs are in the lane before its first place becomes free, so that enqueuing them is no part of what is measured. */
async function measureLane(task: Task): Promise<Figures> {
  const [runs, concurrency] = [Number(task.params.runs), Number(task.params.concurrency)];
  const gate = Promise.withResolvers<void>();
  const allHeld = countdown(concurrency);
  const instant = instantRuns(new Moments());
  const held = heldRuns(gate.promise, allHeld.count);
  await startApp(task, [instant.service, held.service], { instant: concurrency });
  await startMany(runs / 10, (n) => instant.workflow(n));
  await startMany(concurrency, (n) => start(held.workflow, n, { lane: 'instant' }));
  await allHeld.done;
  await startMany(runs, (n) => start(instant.workflow, n));
  const database = await observe(task.url);
  const startedAt = performance.now();
  gate.resolve();
  await until('the lane to be empty', () => allEnded(database));
  return { runs_per_second: runs / ((performance.now() - startedAt) / 1000) };
}

/** One step that does nothing but say that it began. */
function instantRuns(moments: Moments): { service: Service; workflow: (n: number) => Promise<number> } {
  class Instant {
    @workflow({ lane: 'instant' })
    static async run(n: number): Promise<number> {
      return Instant.begin(n);
    }

    @step()
    static async begin(n: number): Promise<number> {
      moments.begin(n);
      return n;
    }
  }
  return { service: Instant, workflow: Instant.run };
}
