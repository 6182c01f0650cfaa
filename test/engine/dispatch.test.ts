import { expect, test } from 'vitest';
import { step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

/** Not replayed here: the body runs once. */
function elapsed(): number {
  return performance.now();
}

class Race {
  static started = new Map<number, number>();
  static running = 0;
  static most = 0;

  @workflow()
  static async begin(n: number) {
    Race.started.set(n, elapsed());
  }

  @workflow({ lane: 'pair' })
  static async instant(n: number) {
    return n;
  }

  @workflow({ lane: 'three' })
  static async crowd() {
    await Race.occupy();
  }

  @workflow({ lane: 'few' })
  static async few() {
    await Race.occupy();
  }

  @step()
  static async occupy() {
    Race.running += 1;
    Race.most = Math.max(Race.most, Race.running);
    await new Promise((resolve) => setTimeout(resolve, 10));
    Race.running -= 1;
  }
}

const served = serve({
  services: [Race],
  lanes: { pair: { concurrency: 2 }, three: { concurrency: 3 }, few: { globalConcurrency: 2 } },
});

async function submitAll(workflow: string, count: number): Promise<unknown[]> {
  const { submissions } = served.service.running;
  const runs = await Promise.all(Array.from({ length: count }, (_, n) => submissions.submit(workflow, [n])));
  return Promise.all(runs.map((run) => run.result()));
}

test('a run that is submitted to an idle process begins at once', async () => {
  const waits: number[] = [];
  for (let n = 0; n < 50; n += 1) {
    const before = performance.now();
    const run = await served.service.running.submissions.submit('Race.begin', [n]);
    await run.result();
    waits.push(Race.started.get(n)! - before);
  }
  const p50 = waits.toSorted((a, b) => a - b)[25]!;
  // The aim is 10 ms; a machine that does something else at the same time gets some more.
  expect(p50).toBeLessThan(100);
});

test('a place that becomes free is taken at once, not at the next poll', async () => {
  const before = performance.now();
  expect(await submitAll('Race.instant', 40)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  // Twenty times two runs would take twenty seconds at a poll a second.
  expect(performance.now() - before).toBeLessThan(5000);
});

test.each([
  ['Race.crowd', 3],
  ['Race.few', 2],
])('a lane runs no more than its limit at a time, and no less: %s', async (workflow, limit) => {
  Race.most = 0;
  await submitAll(workflow, 20);
  expect(Race.most).toBe(limit);
});
