// Processes that are stopped for longer than their lease, in the middle of their runs, and wake up when others have done their work.

import { beforeAll, expect, test } from 'vitest';
import type { ChildService } from '../../src/testing.ts';
import { until } from '../support/until.ts';
import { violations } from './support/checker.ts';
import { installJournal, namedUrl } from './support/journal.ts';
import { fragilePlan } from './support/plan.ts';
import { workWorld } from './support/work.ts';

const world = workWorld('storm');

/** Where each run is when its process is stopped. */
const PLACES = {
  'in a step': 'first',
  'between steps': 'between',
  'in a transaction': 'pay',
  'in the last step': 'last',
};

/** All that is recorded of the runs, and all that they did. */
const RECORDED = [
  'dbos.workflow_status w WHERE w.workflow_uuid = ANY($1)',
  'dbos.workflow_output w WHERE w.workflow_uuid = ANY($1)',
  'dbos.operation_outputs w WHERE w.workflow_uuid = ANY($1)',
  'dbos.transaction_completion w WHERE w.workflow_id = ANY($1)',
  'effects w WHERE w.run_id = ANY($1)',
];

beforeAll(() => installJournal(world.database.query));

test('a process that wakes up when its runs were taken over changes nothing', { timeout: 60_000 }, async () => {
  const { witness, database } = world;
  const zombie = await startNamed('zombie');
  const ids = new Map<string, string>();
  for (const [name, label] of Object.entries(PLACES)) {
    witness.hold(`${name} ${label}`);
    ids.set(name, await world.submit(zombie, 'Storm.fragile', name));
  }
  for (const [name, label] of Object.entries(PLACES)) await witness.sees(`${name} ${label}`);
  process.kill(zombie.pid, 'SIGSTOP');

  const other = await startNamed('other');
  for (const [name, label] of Object.entries(PLACES)) {
    await witness.sees(`${name} ${label}`, 2);
    witness.release(`${name} ${label}`);
  }
  for (const id of ids.values()) expect(await world.result(other, id)).toMatchObject({ status: 'succeeded' });
  const before = await recorded([...ids.values()]);
  await other.kill('SIGTERM');
  const bodiesBefore = witness.bodies.length;

  process.kill(zombie.pid, 'SIGCONT');
  await untilIdle(zombie);
  expect(await recorded([...ids.values()])).toEqual(before);
  expect(witness.bodies.slice(bodiesBefore)).toEqual([]);

  const found = await violations({
    query: database.query,
    plans: [...ids].map(([name, id]) => fragilePlan(id, name)),
    bodies: witness.bodies,
  });
  expect(found).toEqual([]);
});

function startNamed(name: string): Promise<ChildService> {
  return world.start({ databaseUrl: namedUrl(world.database.url, name), env: { PROCESS_NAME: name } });
}

async function recorded(ids: string[]): Promise<unknown> {
  const tables = RECORDED.map((from) =>
    world.database.query(`SELECT to_jsonb(w) AS row FROM ${from} ORDER BY 1::text`, [ids]),
  );
  return Promise.all(tables);
}

/** Waits until the process has got over what it was at. */
async function untilIdle(zombie: ChildService): Promise<void> {
  await until('the process to see that it lost its runs', () => zombie.log().split('no longer owned').length > 4);
}
