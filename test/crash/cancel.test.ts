// A hundred runs in flight are cancelled by another process: from then on nothing is recorded of them.

import { beforeAll, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { installJournal, namedUrl } from './support/journal.ts';
import { workWorld } from './support/work.ts';

const RUNS = 100;

const world = workWorld('storm');

beforeAll(() => installJournal(world.database.query));

test('nothing is recorded after a cancellation from elsewhere, and at most one more body of each run begins', async () => {
  const { database, witness } = world;
  const running = await world.start({
    databaseUrl: namedUrl(database.url, 'running'),
    env: { PROCESS_NAME: 'running', HOLDFAST_ROLE: 'all' },
  });
  const door = await world.start({
    databaseUrl: namedUrl(database.url, 'door'),
    env: { PROCESS_NAME: 'door', HOLDFAST_ROLE: 'api' },
  });
  const names = Array.from({ length: RUNS }, (_, n) => `cancelled${n}`);
  const ids = await Promise.all(
    names.map(async (name) => {
      const { body } = await door.call<{ id: string }>('POST', '/v1/workflows/Storm.long/runs?lane=wide', {
        body: name,
      });
      return body.id;
    }),
  );
  for (const name of names) await witness.sees(`${name} 3`);
  await Promise.all(
    ids.map(async (id) => expect((await door.call('POST', `/v1/runs/${id}/cancel`)).status).toBeLessThan(300)),
  );
  await until('the process to give the runs up', async () => {
    const [before] = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM journal.writes');
    const bodies = witness.bodies.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [after] = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM journal.writes');
    return before!.n === after!.n && bodies === witness.bodies.length;
  });

  const cancelled = await database.query<{ id: string; at: number }>(
    `SELECT run_id AS id, at_ms AS at FROM journal.changes WHERE before = 'PENDING' AND after = 'CANCELLED' AND writer = 'door'`,
  );
  expect(cancelled.map(({ id }) => id).sort()).toEqual([...ids].sort());
  const recorded = await database.query(
    `SELECT w.run_id, w.step_id, w.status FROM journal.writes w JOIN journal.changes c ON c.run_id = w.run_id
      WHERE c.after = 'CANCELLED' AND (w.at_ms > c.at_ms OR w.status <> 'PENDING')`,
  );
  expect(recorded).toEqual([]);
  const more = cancelled.map(({ id, at }) => witness.bodies.filter((body) => body.run === id && body.at > at).length);
  expect(Math.max(...more)).toBeLessThanOrEqual(1);
  const unended = await database.query(`SELECT id FROM holdfast.runs WHERE status <> 'cancelled'`);
  expect(unended).toEqual([]);
  expect((await running.call('GET', '/readyz')).status).toBe(200);
});
