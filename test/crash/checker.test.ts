// The checker is believed by all other tests of crashes: each law that it knows is broken once, by hand.

import { beforeAll, expect, test } from 'vitest';
import { violations } from './support/checker.ts';
import { Fleet } from './support/fleet.ts';
import { installJournal } from './support/journal.ts';
import type { Plan } from './support/plan.ts';
import { storm } from './support/storm.ts';
import { workWorld } from './support/work.ts';

const world = workWorld('storm');
let plans: Plan[];

beforeAll(async () => {
  const { database } = world;
  await installJournal(database.query);
  const fleet = new Fleet(world.start, [database.url]);
  await fleet.start();
  plans = await storm({ fleet, url: database.url, seed: 1, runs: 1, faults: 1, pauseMs: 0, fault: () => {} });
  await fleet.stop();
});

test('two runs that nobody disturbed are found to be in order', async () => {
  expect(await check()).toEqual([]);
});

/** In these, $1 is the id of the run of `Storm.mixed`. */
const BREACHES: Record<string, [statements: string, undo: string, found: RegExp]> = {
  'a run that has not ended': [
    `UPDATE dbos.workflow_status SET status = 'PENDING' WHERE workflow_uuid = $1`,
    `UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = $1`,
    /^run \S+ is PENDING$/,
  ],
  'a run that ended twice': [
    `INSERT INTO journal.changes SELECT * FROM journal.changes WHERE run_id = $1 AND after = 'SUCCESS'`,
    `DELETE FROM journal.changes c WHERE run_id = $1 AND after = 'SUCCESS'
        AND ctid > (SELECT min(ctid) FROM journal.changes d WHERE d.run_id = c.run_id AND after = 'SUCCESS')`,
    /has the number of ends 2, not 1/,
  ],
  'an effect that happened twice': [
    `INSERT INTO effects SELECT * FROM effects WHERE run_id = $1 AND name LIKE 'pay %'`,
    `DELETE FROM effects e WHERE run_id = $1 AND ctid > (SELECT min(ctid) FROM effects f WHERE f.name = e.name)`,
    /has the effects/,
  ],
  'a transaction that was recorded twice': [
    `INSERT INTO journal.writes SELECT * FROM journal.writes WHERE run_id = $1 AND kind = 'step' AND step_id = 9`,
    `DELETE FROM journal.writes w WHERE run_id = $1 AND kind = 'step' AND step_id = 9
        AND ctid > (SELECT min(ctid) FROM journal.writes v WHERE v.run_id = $1 AND v.kind = 'step' AND v.step_id = 9)`,
    /the step 9 of run \S+ was written 2 times/,
  ],
  'a completion without its step': [
    `INSERT INTO dbos.transaction_completion (workflow_id, function_num) VALUES ($1, 99)`,
    `WITH gone AS (DELETE FROM dbos.transaction_completion WHERE workflow_id = $1 AND function_num = 99)
     DELETE FROM journal.writes WHERE run_id = $1 AND step_id = 99`,
    /the completion 99 of run \S+ has no step/,
  ],
  'a number that is left out': [
    `UPDATE dbos.operation_outputs SET function_id = 50 WHERE workflow_uuid = $1 AND function_id = 3`,
    `UPDATE dbos.operation_outputs SET function_id = 3 WHERE workflow_uuid = $1 AND function_id = 50`,
    /has \{"step":4,.*where \{"step":3,/,
  ],
  'a value that was published twice': [
    `INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id)
     SELECT workflow_uuid, key, value, "offset" + 10, function_id FROM dbos.streams WHERE workflow_uuid = $1 AND "offset" = 0`,
    `WITH gone AS (DELETE FROM dbos.streams WHERE workflow_uuid = $1 AND "offset" >= 10)
     DELETE FROM journal.writes WHERE run_id = $1 AND kind = 'stream' AND writer IS NULL`,
    /has the progress/,
  ],
  'a step that a process wrote for the run of another': [
    `UPDATE journal.writes SET writer = 'zombie' WHERE run_id = $1 AND kind = 'step' AND step_id = 0`,
    `UPDATE journal.writes SET writer = 'process0' WHERE run_id = $1 AND kind = 'step' AND step_id = 0`,
    /zombie wrote the step 0 of run \S+, which was PENDING and process0's/,
  ],
  'a run that a process ended for another': [
    `UPDATE journal.changes SET writer = 'zombie' WHERE run_id = $1 AND after = 'SUCCESS'`,
    `UPDATE journal.changes SET writer = 'process0' WHERE run_id = $1 AND after = 'SUCCESS'`,
    /zombie made run \S+, which was PENDING and process0's, SUCCESS/,
  ],
};

test.each(Object.entries(BREACHES))('%s is found', async (_, [breach, undo, found]) => {
  const { database } = world;
  await database.query(breach, [plans[0]!.runId]);
  expect(await check()).toContainEqual(expect.stringMatching(found));
  await database.query(undo, [plans[0]!.runId]);
  // A change of a status by hand is noted as well.
  await database.query('DELETE FROM journal.changes WHERE writer IS NULL');
  expect(await check()).toEqual([]);
});

test('a body that begins after its step was recorded is found', async () => {
  const late = { run: plans[0]!.runId, label: 'first', process: 'process1', at: Date.now() + 1000 };
  expect(await check([late])).toEqual([
    expect.stringMatching(/^'first' of run \S+ began in process1 \d+ ms after it was recorded$/),
  ]);
});

function check(more: { run: string; label: string; process: string; at: number }[] = []): Promise<string[]> {
  return violations({ query: world.database.query, plans, bodies: [...world.witness.bodies, ...more] });
}
