// `kill -9` again and again, while runs come in and go on. HOLDFAST_STORM=full is the large storm, HOLDFAST_STORM_SEED repeats one.

import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { violations } from './support/checker.ts';
import { Fleet } from './support/fleet.ts';
import { installJournal } from './support/journal.ts';
import { storm } from './support/storm.ts';
import { workWorld } from './support/work.ts';

const SIZE = process.env.HOLDFAST_STORM === 'full' ? { runs: 300, faults: 200 } : { runs: 100, faults: 40 };
const seed = Number(process.env.HOLDFAST_STORM_SEED ?? Math.floor(Math.random() * 2 ** 32));

const world = workWorld('storm');

beforeAll(() => installJournal(world.database.query));

test(`whatever is killed, each run happens once (seed ${seed})`, { timeout: 180_000 }, async () => {
  const { database, witness } = world;
  const fleet = new Fleet(world.start, [database.url, database.url, database.url]);
  onTestFinished(() => fleet.stop());
  await fleet.start();
  const plans = await storm({
    fleet,
    url: database.url,
    seed,
    ...SIZE,
    pauseMs: 350,
    fault: (n, chance) => (n % 10 === 9 ? fleet.killAll() : fleet.kill(chance)),
  });
  await fleet.stop();
  expect(await violations({ query: database.query, plans, bodies: witness.bodies })).toEqual([]);
});
