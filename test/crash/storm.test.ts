// `kill -9` of processes and of the database again and again, while runs come in and go on. HOLDFAST_STORM=full is the large storm, HOLDFAST_STORM_SEED repeats one.

import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { violations } from './support/checker.ts';
import { Fleet } from './support/fleet.ts';
import { installJournal, type Query } from './support/journal.ts';
import { openMortalServer } from './support/mortal-server.ts';
import { patientQuery } from './support/patient-query.ts';
import { storm } from './support/storm.ts';
import { workWorld } from './support/work.ts';

const SIZE = process.env.HOLDFAST_STORM === 'full' ? { runs: 300, faults: 200 } : { runs: 100, faults: 40 };
const seed = Number(process.env.HOLDFAST_STORM_SEED ?? Math.floor(Math.random() * 2 ** 32));

const world = workWorld('storm');

beforeAll(() => installJournal(world.database.query));

test(`whatever is killed, each run happens once (seed ${seed})`, { timeout: 300_000 }, async () => {
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

test(`whatever is killed, the database too, each run happens once (seed ${seed})`, { timeout: 300_000 }, async () => {
  const { witness } = world;
  const server = await openMortalServer();
  const url = server.url('storm');
  await (await world.start({ databaseUrl: url })).kill('SIGTERM');
  const query: Query = (sql, parameters) => patientQuery(url, sql, parameters);
  await installJournal(query);
  const fleet = new Fleet(world.start, [url, url]);
  onTestFinished(() => fleet.stop());
  await fleet.start();
  const plans = await storm({
    fleet,
    url,
    seed,
    runs: 30,
    faults: 9,
    pauseMs: 350,
    fault: (n, chance) => (n % 3 === 2 ? server.killAndRestart() : fleet.kill(chance)),
  });
  await fleet.stop();
  expect(await violations({ query, plans, bodies: witness.bodies })).toEqual([]);
});
