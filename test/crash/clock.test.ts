// A process whose clock is wrong by an hour: leases, timers and timeouts go by the clock of the database, which all share.

import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { engineOfTests } from '../../src/config.ts';
import type { ChildService } from '../../src/testing.ts';
import { until } from '../support/until.ts';
import { workWorld } from './support/work.ts';

const HOUR_MS = 3_600_000;
const SHIFTED_CLOCK = fileURLToPath(new URL('./apps/shifted-clock.ts', import.meta.url));

const isStock = engineOfTests().HOLDFAST_ENGINE === 'stock';

const world = workWorld('storm');

test.each([HOUR_MS, -HOUR_MS])(
  'waits of a process that is wrong by %i ms are as long as they should be',
  async (shift) => {
    const service = await startShifted(shift);
    const waits = [
      timed(() => world.submit(service, 'Storm.nap', 1000), service),
      timed(() => world.submit(service, 'Storm.unheard', 1000), service),
    ];
    for (const took of await Promise.all(waits)) {
      expect(took).toBeGreaterThan(950);
      expect(took).toBeLessThan(5000);
    }
  },
);

test('a run that is started with a delay begins after it', async () => {
  const service = await startShifted(-HOUR_MS);
  const submit = async (): Promise<string> =>
    (await service.call<{ id: string }>('POST', '/v1/workflows/Storm.nap/runs?delay=2000', { body: 0 })).body.id;
  expect(await timed(submit, service)).toBeGreaterThan(1950);
});

/**
 * The SDK's own engine records the end of a timer by the clock of the process that began it, and another one waits until its own clock
 * says so: an hour too long, or not at all.
 */
const TAKEN_TIMERS = { fails: isStock };

test(
  'a timer goes on as it was where the clock is right, when the process whose clock is wrong dies',
  TAKEN_TIMERS,
  async () => {
    const { witness, database } = world;
    const [late, early] = await Promise.all([startShifted(HOUR_MS), startShifted(-HOUR_MS)]);
    const startedAt = performance.now();
    await world.submit(late, 'Storm.nap', 4000);
    await world.submit(early, 'Storm.nap', 4000);
    const timers = `SELECT FROM holdfast.steps s JOIN holdfast.runs r ON r.id = s.run_id WHERE s.name = 'sleep' AND r.ended_at IS NULL`;
    await until('the timers', async () => (await database.query(timers)).length === 2);
    await Promise.all([late.kill('SIGKILL'), early.kill('SIGKILL')]);
    await startRight();
    const seen = witness.seen('nap awake');
    await witness.sees('nap awake', seen + 1);
    expect(performance.now() - startedAt).toBeGreaterThan(3950);
    await witness.sees('nap awake', seen + 2);
  },
);

test('the lease of a process whose clock is wrong ends as soon as any other, and not before', async () => {
  const { witness, database } = world;
  const wrong = await Promise.all([startShifted(HOUR_MS), startShifted(-HOUR_MS)]);
  const names = ['late', 'early'];
  for (const [n, name] of names.entries()) {
    witness.hold(`${name} first`);
    await world.submit(wrong[n]!, 'Storm.fragile', name);
  }
  for (const name of names) await witness.sees(`${name} first`);
  await database.query(`UPDATE holdfast.leases SET host = 'elsewhere'`);
  const right = await startRight();
  const takenAt = new Date();
  await until('a few renewals', async () => {
    const [row] = await database.query(
      "SELECT min(renewed_at) > $1::timestamptz + interval '1500 ms' AS done FROM holdfast.leases",
      [takenAt],
    );
    return row!.done;
  });
  expect(names.map((name) => witness.seen(`${name} first`))).toEqual([1, 1]);
  await Promise.all(wrong.map((process) => process.kill('SIGKILL')));
  for (const name of names) await witness.sees(`${name} first`, 2);
  for (const name of names) witness.release(`${name} first`);
  const rows = (): Promise<unknown[]> =>
    database.query(`SELECT FROM holdfast.runs WHERE workflow = 'Storm.fragile' AND status = 'succeeded'`);
  await until('both runs', async () => (await rows()).length === 2);
  await right.kill('SIGTERM');
});

/** Returns the milliseconds from the start of a run to its end. */
async function timed(submit: () => Promise<string>, service: ChildService): Promise<number> {
  const submittedAt = performance.now();
  expect(await world.result(service, await submit())).toMatchObject({ status: 'succeeded' });
  return performance.now() - submittedAt;
}

function startShifted(shift: number): Promise<ChildService> {
  return world.start({
    env: { PROCESS_NAME: 'wrong', CLOCK_SHIFT_MS: String(shift), NODE_OPTIONS: `--import ${SHIFTED_CLOCK}` },
  });
}

function startRight(): Promise<ChildService> {
  return world.start({ env: { PROCESS_NAME: 'right' } });
}
