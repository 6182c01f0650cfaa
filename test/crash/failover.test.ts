// How long a run stands still when its machine dies: until its lease has ended, and hardly any longer.

import { expect, test } from 'vitest';
import { workWorld } from './support/work.ts';

const LEASE_MS = 5000;
const MARGIN_MS = 1000;

const world = workWorld('storm');

test('from the death of a machine to the next step elsewhere it is no longer than a lease and a second', async () => {
  const { witness, database } = world;
  const clock = async (): Promise<number> =>
    (await database.query('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms'))[0].ms;
  const first = await world.start({ env: { PROCESS_NAME: 'first' } });
  const names = Array.from({ length: 20 }, (_, n) => `failover${n}`);
  for (const name of names) {
    witness.hold(`${name} last`);
    await world.submit(first, 'Storm.fragile', name);
  }
  for (const name of names) await witness.sees(`${name} last`);
  const second = await world.start({ env: { PROCESS_NAME: 'second' } });
  // As if it were another machine's: nobody here can see whether its process lives.
  await database.query(`UPDATE holdfast.leases SET host = 'elsewhere' WHERE pid = $1`, [first.pid]);
  const killedAt = await clock();
  await first.kill('SIGKILL');
  await Promise.any(names.map((name) => witness.sees(`${name} last`, 2)));
  const took = (await clock()) - killedAt;
  expect(took).toBeGreaterThan(LEASE_MS - 2 * MARGIN_MS);
  expect(took).toBeLessThan(LEASE_MS + MARGIN_MS);
  for (const name of names) witness.release(`${name} last`);
  expect(second.log()).toContain('will go on here');
});
