// Two processes on one database: when one is killed, the other goes on with its runs.

import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { workWorld } from './support/work.ts';

const world = workWorld();
const LEASE_MS = 5000;

test('the runs of a killed process go on in the other one at once, because it sees that the process is gone', async () => {
  const { witness, database } = world;
  const first = await world.start();
  const names = Array.from({ length: 6 }, (_, n) => `taken${n}`);
  for (const name of names) witness.hold(`${name}-2`);
  const ids = await Promise.all(names.map((name) => world.submit(first, 'Work.job', name)));
  for (const name of names) await witness.sees(`${name}-2`);
  const second = await world.start();

  await first.kill('SIGKILL');
  const killedAt = performance.now();
  for (const name of names) await witness.sees(`${name}-2`, 2);
  expect(performance.now() - killedAt).toBeLessThan(LEASE_MS / 2);
  for (const name of names) witness.release(`${name}-2`);

  for (const id of ids) expect(await world.result(second, id)).toMatchObject({ status: 'succeeded' });
  expect(names.map((name) => [witness.seen(`${name}-1`), witness.seen(`${name}-2`)])).toEqual(names.map(() => [1, 2]));
  expect(await database.query(`SELECT DISTINCT recoveries FROM holdfast.runs`)).toEqual([{ recoveries: 1 }]);
  expect(await database.query(`SELECT name FROM effects ORDER BY name`)).toEqual(names.map((name) => ({ name })));
});

test('the runs of a process on another machine go on once its lease has ended', async () => {
  const { witness, database } = world;
  const first = await world.start();
  witness.hold('elsewhere-2');
  const id = await world.submit(first, 'Work.job', 'elsewhere');
  await witness.sees('elsewhere-2');
  // As if it were another machine's: nobody here can see whether its process lives.
  await database.query(`UPDATE holdfast.leases SET host = 'elsewhere'`);
  const second = await world.start();
  await first.kill('SIGKILL');
  const killedAt = performance.now();
  await witness.sees('elsewhere-2', 2);
  const took = performance.now() - killedAt;
  expect(took).toBeGreaterThan(LEASE_MS - 2000);
  expect(took).toBeLessThan(LEASE_MS + 3000);
  witness.release('elsewhere-2');
  expect(await world.result(second, id)).toMatchObject({ status: 'succeeded' });
});

test('a process that was stopped for longer than its lease cannot record anything when it wakes', async () => {
  const { witness, database } = world;
  const first = await world.start();
  witness.hold('frozen-1');
  const id = await world.submit(first, 'Work.job', 'frozen');
  await witness.sees('frozen-1');
  process.kill(first.pid, 'SIGSTOP');
  const second = await world.start();
  await witness.sees('frozen-1', 2);
  witness.hold('frozen-2');
  witness.release('frozen-1');
  await witness.sees('frozen-2');
  process.kill(first.pid, 'SIGCONT');
  await until('the first process to see that it lost the run', () => first.log().includes('no longer owned'));
  witness.release('frozen-2');
  expect(await world.result(second, id)).toMatchObject({ status: 'succeeded' });
  expect(witness.seen('frozen-2')).toBe(1);
  expect(await database.query(`SELECT name FROM effects WHERE run_id = $1`, [id])).toEqual([{ name: 'frozen' }]);
});
