// Runs that are held in their second step: to be killed there, or to keep the places of a lane.

import { type Service, start, step, workflow } from 'holdfast';
import { startApp, startMany } from './app.ts';
import { type Figures, type Task, tell } from './part.ts';

/** Two steps; the second one ends when `released` is resolved, and tells `onHold` that it began. */
export interface HeldRuns {
  service: Service;
  workflow: (n: number) => Promise<number>;
}

/** Returns the workflow. Its runs wait in the lane `held`, if in no other. */
export function heldRuns(released: Promise<unknown>, onHold: () => void): HeldRuns {
  class Held {
    @workflow({ lane: 'held' })
    static async run(n: number): Promise<number> {
      await Held.empty(n);
      return Held.hold(n);
    }

    @step()
    static async empty(n: number): Promise<number> {
      return n;
    }

    @step()
    static async hold(n: number): Promise<number> {
      onHold();
      await released;
      return n;
    }
  }
  return { service: Held, workflow: Held.run };
}

/** The part that will be killed: says `ready` when all its runs are in their second step, and never ends. */
export async function hold(task: Task): Promise<Figures> {
  const runs = Number(task.params.runs);
  const all = countdown(runs);
  const held = heldRuns(new Promise(() => {}), all.count);
  await startApp(task, [held.service], { held: runs });
  await startMany(runs, (n) => start(held.workflow, n));
  await all.done;
  tell('ready');
  return new Promise(() => {});
}

/** Returns a function, and a promise that is resolved when that was called `times` times. */
export function countdown(times: number): { count: () => void; done: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = times;
  const count = (): void => {
    left -= 1;
    if (left === 0) resolve();
  };
  return { count, done: promise };
}
