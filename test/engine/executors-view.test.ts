import { hostIdentity } from '../../src/engine/process-identity.ts';
import { expect, test } from 'vitest';
import { start, step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';

class Long {
  static readonly end = Promise.withResolvers<void>();
  static begun = 0;

  @workflow()
  static async run(_n: number): Promise<void> {
    await Long.wait();
  }

  @workflow()
  static async compute(forMs: number): Promise<void> {
    await Long.busy(forMs);
  }

  @step()
  static async wait(): Promise<void> {
    Long.begun += 1;
    await Long.end.promise;
  }

  @step()
  static async busy(forMs: number): Promise<void> {
    const end = performance.now() + forMs;
    while (performance.now() < end);
  }
}

const served = serve({ services: [Long] });

test('the view of executors says who lives, what it has and how much it runs', async () => {
  const runs = await Promise.all([start(Long.run, 1), start(Long.run, 2)]);
  await until('both runs to begin', () => Long.begun === 2);
  const view = `SELECT executor_id, host, pid, role, alive, running_runs, workflows FROM holdfast.executors`;
  const [executor, ...others] = await served.database.query(view);
  expect(others).toEqual([]);
  expect(executor).toMatchObject({
    host: hostIdentity(),
    pid: process.pid,
    role: 'all',
    alive: true,
    running_runs: 2,
    workflows: ['Long.run', 'Long.compute', 'holdfast.unwind'],
  });
  expect(await served.database.query('SELECT DISTINCT executor_id FROM holdfast.runs')).toEqual([
    { executor_id: executor.executor_id },
  ]);
  Long.end.resolve();
  await Promise.all(runs.map((run) => run.result()));
  expect((await served.database.query(view))[0].running_runs).toBe(0);
});

test('an executor renews its lease while a step of it computes', async () => {
  const renewals = async (): Promise<number> => {
    const [{ at }] = await served.database.query(
      `SELECT extract(epoch FROM now() - renewed_at)::float * 1000 AS at FROM holdfast.executors`,
    );
    return at;
  };
  const run = await start(Long.compute, 2500);
  await run.result();
  // A beat is a second; without the thread the last one would be from before the computation.
  expect(await renewals()).toBeLessThan(2000);
});
