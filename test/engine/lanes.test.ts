import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { start, step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';

class Busy {
  static inside = 0;
  static most = 0;

  @workflow({ lane: 'narrow' })
  static async narrow(n: number): Promise<number> {
    return Busy.work(n);
  }

  @workflow({ lane: 'flooded' })
  static async flood(): Promise<number> {
    return Busy.time();
  }

  @workflow()
  static async clock(): Promise<number> {
    return Busy.time();
  }

  @step()
  static async work(n: number): Promise<number> {
    Busy.inside += 1;
    Busy.most = Math.max(Busy.most, Busy.inside);
    await delay(5);
    Busy.inside -= 1;
    return n;
  }

  @step()
  static async time(): Promise<number> {
    return Date.now();
  }
}

const served = serve({ services: [Busy], lanes: { narrow: { concurrency: 3 }, flooded: { concurrency: 2 } } });

test('a lane runs no more at a time than it may, and takes the next as soon as a place is free', async () => {
  const startedAt = performance.now();
  const runs = await Promise.all(Array.from({ length: 60 }, (_, n) => start(Busy.narrow, n)));
  const results = await Promise.all(runs.map((run) => run.result()));
  expect(results).toEqual(Array.from({ length: 60 }, (_, n) => n));
  expect(Busy.most).toBe(3);
  // Polling once a second for places would take twenty seconds.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test('a run that is enqueued on an idle service starts at once', async () => {
  const waits: number[] = [];
  for (let n = 0; n < 15; n += 1) {
    const { createdAt, result } = await served.run('Busy.clock');
    waits.push((result as number) - Date.parse(createdAt as string));
  }
  // The median is a few milliseconds; without a poke it is half a second.
  expect(waits.toSorted((a, b) => a - b)[7]).toBeLessThan(200);
});

test('a lane does not wait for another one that is flooded', async () => {
  const flood = await Promise.all(Array.from({ length: 400 }, () => start(Busy.flood, undefined)));
  const { result } = await served.run('Busy.clock');
  const [{ later }] = await served.database.query(
    `SELECT count(*)::int AS later FROM holdfast.runs WHERE lane = 'flooded' AND (ended_at IS NULL OR result::bigint > $1)`,
    [result],
  );
  expect(later).toBeGreaterThan(100);
  await Promise.all(flood.map((run) => run.result()));
});
