// Whether a step costs the same late in a long run, whose state has grown, as it did early: in time, and in bytes written.

import { type Service, step, workflow } from 'holdfast';
import { median } from '../measurement.ts';
import { startApp } from './app.ts';
import { observe, walPosition } from './observer.ts';
import type { Figures, Task } from './part.ts';
import { timed } from './steps.ts';

const RUNS = { full: 15, quick: 3 };
const STEPS = 200;
/** A time is the median of this many steps. */
const WINDOW = 10;

/** Runs one run after another on an otherwise idle service. Steps 1, 101 and 200 note how far the write-ahead log has come. */
export async function measureGrowth(task: Task): Promise<Figures> {
  const database = await observe(task.url);
  const positions = new Map<number, number>();
  const stepMs: number[] = [];
  const growing = growingRuns(stepMs, async (n) => {
    if (n === 1 || n === STEPS / 2 + 1 || n === STEPS) positions.set(n, await walPosition(database));
  });
  await startApp(task, [growing.service], {});
  await growing.run();
  stepMs.length = 0;
  const [early, late]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS[task.quick ? 'quick' : 'full']; run += 1) {
    await growing.run();
    const [first, middle, last] = [1, STEPS / 2 + 1, STEPS].map((n) => positions.get(n)!) as [number, number, number];
    early.push((middle - first) / (STEPS / 2));
    late.push((last - middle) / (STEPS / 2 - 1));
  }
  return {
    step_at_10_ms: timeAt(stepMs, 10),
    step_at_100_ms: timeAt(stepMs, 100),
    step_at_200_ms: timeAt(stepMs, STEPS),
    wal_bytes_per_step_1_to_100: median(early),
    wal_bytes_per_step_101_to_199: median(late),
  };
}

/** The median over all runs of the ten steps before `step`. They note nothing. */
function timeAt(stepMs: readonly number[], step: number): number {
  const firstSteps = Array.from({ length: stepMs.length / STEPS }, (_, run) => run * STEPS);
  return median(firstSteps.flatMap((first) => stepMs.slice(first + Math.max(1, step - 1 - WINDOW), first + step - 1)));
}

/** State that grows by a kilobyte with each of its steps. */
function growingRuns(
  stepMs: number[],
  onStep: (n: number) => Promise<void>,
): { service: Service; run: () => Promise<number> } {
  class Growing {
    @workflow()
    static async run(): Promise<number> {
      const state: string[] = [];
      for (let n = 1; n <= STEPS; n += 1) state.push(await timed(stepMs, () => Growing.kilobyte(n)));
      return state.join('').length;
    }

    @step()
    static async kilobyte(n: number): Promise<string> {
      await onStep(n);
      return String(n).padEnd(1000, '.');
    }
  }
  return { service: Growing, run: () => Growing.run() };
}
