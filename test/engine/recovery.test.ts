import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { RecoveryRamp } from '../../src/engine/recovery-ramp.ts';
import { createApp, step, workflow } from '../../src/index.ts';
import { startService } from '../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

/** As many runs as wait for one another in `together`. */
const TOGETHER = 150;

class Task {
  static inside = 0;
  static most = 0;
  static all = Promise.withResolvers<void>();

  @workflow()
  static async brief(): Promise<void> {
    await Task.occupy(false);
  }

  @workflow()
  static async together(): Promise<void> {
    await Task.occupy(true);
  }

  @step()
  static async occupy(untilAll: boolean): Promise<void> {
    Task.inside += 1;
    Task.most = Math.max(Task.most, Task.inside);
    if (Task.inside === TOGETHER) Task.all.resolve();
    await (untilAll ? Task.all.promise : new Promise((resolve) => setTimeout(resolve, 5)));
    Task.inside -= 1;
  }
}

const app = createApp({ services: [Task] });

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
});

beforeEach(async () => {
  Task.most = 0;
  await database.query('DELETE FROM dbos.workflow_status');
});

afterAll(() => database?.drop());

/** Leaves `count` runs behind that began without a lane in a process that died. */
async function leaveBehind(name: string, count: number): Promise<void> {
  await using door = await startService({ app, databaseUrl: database.url, config: { role: 'api' } });
  const { submissions } = door.running;
  await Promise.all(Array.from({ length: count }, () => submissions.submit(name, [])));
  await database.query(
    `UPDATE dbos.workflow_status SET status = 'PENDING', queue_name = NULL, executor_id = 'dead', recovery_attempts = 1`,
  );
}

async function allSucceed(count: number): Promise<void> {
  await until('the runs', async () => {
    const [{ n }] = await database.query(`SELECT count(*)::int AS n FROM holdfast.runs WHERE status = 'succeeded'`);
    return n === count;
  });
  expect(await database.query('SELECT DISTINCT recoveries FROM holdfast.runs')).toEqual([{ recoveries: 1 }]);
}

test('runs that are recovered all at once begin a hundred at a time', async () => {
  await leaveBehind('Task.brief', 600);
  await using _service = await startService({ app, databaseUrl: database.url });
  await allSucceed(600);
  expect(Task.most).toBeGreaterThan(50);
  expect(Task.most).toBeLessThanOrEqual(100);
});

test('recovered runs that wait for one another get to run together', async () => {
  await leaveBehind('Task.together', TOGETHER);
  await using _service = await startService({ app, databaseUrl: database.url });
  await allSucceed(TOGETHER);
  expect(Task.most).toBe(TOGETHER);
});

test('the lane grows only while it is full and nothing ends, and is narrow again once it was empty', () => {
  const polls = fc.array(fc.record({ pause: fc.nat(2500), free: fc.nat(3) }), { maxLength: 50 });
  fc.assert(
    fc.property(polls, (steps) => {
      const ramp = new RecoveryRamp();
      let now = 0;
      let width = ramp.width(0, now);
      let fullSince = Infinity;
      for (const { pause, free } of steps) {
        now += pause;
        const next = ramp.width(width - free, now);
        const isDue = free === 0 && now - fullSince >= 1000;
        expect(next).toBe(isDue ? width + 100 : width);
        if (free > 0) fullSince = Infinity;
        else if (isDue || fullSince === Infinity) fullSince = now;
        width = next;
      }
      expect(ramp.width(0, now)).toBe(100);
    }),
  );
});
