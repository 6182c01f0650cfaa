// Steps a second, and how long a step takes, with runs of ten empty steps.

import { type Service, step, workflow } from 'holdfast';
import { startApp } from './app.ts';
import type { Figures, Task } from './part.ts';
import { type Caller, ratesOf, repeating } from './rates.ts';

const STEPS = 10;

/**
 * Every caller calls the workflow, waits for its result, and calls it again. In the cell `steps` the callers
 * are runs themselves, so that each call starts a run at once in this process; in `lane_steps` they are outside, and each run waits
 * in a lane first.
 */
export async function measureSteps(task: Task): Promise<Figures> {
  const concurrency = Number(task.params.concurrency);
  const durations: number[] = [];
  const { service, fromOutside, fromRun } = emptySteps(durations);
  await startApp(task, [service], { default: concurrency });
  return ratesOf(task, concurrency, durations, task.part === 'steps' ? fromRun : fromOutside);
}

function emptySteps(durations: number[]): { service: Service; fromOutside: Caller; fromRun: Caller } {
  const ends: (() => void)[] = [];
  class EmptySteps {
    @workflow()
    static async run(): Promise<number> {
      let sum = 0;
      for (let index = 0; index < STEPS; index += 1) sum += await timed(durations, () => EmptySteps.empty(index));
      return sum;
    }

    @workflow()
    static async call(caller: number): Promise<void> {
      for (;;) {
        await EmptySteps.run();
        ends[caller]!();
      }
    }

    @step()
    static async empty(index: number): Promise<number> {
      return index;
    }
  }
  return {
    service: EmptySteps,
    fromOutside: repeating(() => EmptySteps.run()),
    fromRun: (onEnd) => EmptySteps.call(ends.push(onEnd) - 1),
  };
}

/** Appends to `durations` how many milliseconds `call` took, from the call to its result, as the body of a workflow sees it. */
export async function timed<T>(durations: number[], call: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await call();
  durations.push(performance.now() - startedAt);
  return result;
}
