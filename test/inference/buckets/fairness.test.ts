// Calls that wait are served in turn between tenants, over all processes and whatever came first; what nobody takes up goes to others.

import { expect, test } from 'vitest';
import { WaitForRoom } from '../../../src/core/wait-for-room.ts';
import { forgetWaits, lapseGrants } from '../../../src/store/bucket-waits.ts';
import { until } from '../../support/until.ts';
import { answered, type Process, processesOfFile } from './support.ts';

const shared = processesOfFile();

async function insertRun(priority = 0, status = 'PENDING'): Promise<string> {
  const [row] = await shared.database.query<{ id: string }>(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, owner_xid, priority, created_at, updated_at)
     VALUES (gen_random_uuid(), $1, 'Some.work', 'mine', $2, 1, 1) RETURNING workflow_uuid AS id`,
    [status, priority],
  );
  return row!.id;
}

/** Makes a call that waits until there is room for it, and notes when there is. */
function call(process: Process, tenant: string, order: string[]): Promise<void> {
  return process.enter({ tenant }).then((passage) => {
    order.push(tenant);
    passage.ended(answered(0));
  });
}

const waiting = async (): Promise<number> => (await shared.database.query('SELECT FROM holdfast.bucket_waits')).length;

test('a call of a quiet tenant does not wait behind those of a greedy one in another process', async () => {
  const limits = { rpm: 600 };
  const [a, b] = [await shared.start('a', limits), await shared.start('b', limits)];
  const order: string[] = [];
  const calls = Array.from({ length: 75 }, () => call(a, 'greedy', order));
  await until('calls to wait', async () => (await waiting()) > 15);
  const before = order.length;
  calls.push(call(b, 'quiet', order), call(b, 'quiet', order));
  await Promise.all(calls);
  expect(order.lastIndexOf('quiet')).toBeLessThanOrEqual(before + 8);
});

test('where all want more than there is, tenants get it in proportion to their weights', async () => {
  const tenants = { large: { weight: 3 } };
  const limits = { rpm: 1200 };
  const both = [await shared.start('a', limits, tenants), await shared.start('b', limits, tenants)];
  const order: string[] = [];
  const first = Array.from({ length: 110 }, () => call(both[0]!, 'first', []));
  await until('calls to wait', async () => (await waiting()) > 5);
  const calls = both.flatMap((each) =>
    Array.from({ length: 30 }, () => [call(each, 'large', order), call(each, 'small', order)]).flat(),
  );
  await Promise.all([...first, ...calls]);
  const large = order.slice(0, 40).filter((tenant) => tenant === 'large').length;
  expect(large).toBeGreaterThanOrEqual(26);
  expect(large).toBeLessThanOrEqual(34);
});

test('among the calls of a tenant those of runs with a smaller priority go first', async () => {
  const one = await shared.start('a', { rpm: 60 });
  for (let n = 0; n < 5; n += 1) (await one.enter()).ended(answered(0));
  const [late, early] = [await insertRun(5), await insertRun(0)];
  const first = one.enter({ run: { id: late, step: 1 } });
  first.catch(() => {});
  await until('the first to wait', async () => (await waiting()) === 1);
  const second = one.enter({ run: { id: early, step: 1 } });
  await expect(first).rejects.toThrow(WaitForRoom);
  await expect(second).rejects.toThrow(WaitForRoom);
  const served = await until('room for one of them', async () => {
    const rows = await shared.database.query('SELECT run_id FROM holdfast.bucket_waits WHERE granted_at IS NOT NULL');
    return rows.length > 0 && rows;
  });
  expect(served).toEqual([{ run_id: early }]);
});

test('a call of a run leaves its body, keeps its place, and finds its room in another process', async () => {
  const limits = { rpm: 60 };
  const [a, b] = [await shared.start('a', limits), await shared.start('b', limits)];
  for (let n = 0; n < 5; n += 1) (await a.enter()).ended(answered(0));
  const run = { id: await insertRun(), step: 3 };
  const error = await a.enter({ run }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WaitForRoom);
  await a.close();
  // Somebody else's round gives it room, and wakes it.
  b.enter({ tenant: 'other' }).then(
    (passage) => passage.ended(answered(0)),
    () => {},
  );
  await until('the run to be woken', () => b.woken.includes(run.id));
  const [row] = await shared.database.query('SELECT granted_at FROM holdfast.bucket_waits WHERE run_id = $1', [run.id]);
  expect(row.granted_at).not.toBeNull();
  const startedAt = performance.now();
  (await b.enter({ run })).ended(answered(0));
  expect(performance.now() - startedAt).toBeLessThan(250);
  expect(await shared.database.query('SELECT FROM holdfast.bucket_waits WHERE run_id = $1', [run.id])).toEqual([]);
});

test('room that nobody takes up goes back, once to its place, and then for good', async () => {
  const one = await shared.start('a', { rpm: 60 });
  for (let n = 0; n < 5; n += 1) (await one.enter()).ended(answered(0));
  const run = { id: await insertRun(), step: 1 };
  await one.enter({ run }).catch(() => {});
  await one.close();
  const { db } = await shared.start('b', {});
  const left = async (): Promise<number> =>
    Number((await shared.database.query('SELECT requests_left FROM holdfast.buckets'))[0].requests_left);
  for (const expected of [1, 0]) {
    await shared.database.query(`UPDATE holdfast.bucket_waits SET granted_at = now() - interval '2 minutes'`);
    const before = await left();
    expect(await lapseGrants(db, 60_000)).toBe(1);
    expect(await left()).toBeGreaterThanOrEqual(Math.min(before + 1, 5));
    expect(await waiting()).toBe(expected);
  }
});

test('the waits of runs that ended and of processes that died are forgotten', async () => {
  const one = await shared.start('a', { rpm: 6 });
  (await one.enter()).ended(answered(0));
  const over = new AbortController();
  const outside = one.enter({ signal: over.signal });
  outside.catch(() => {});
  const ids = [await insertRun(), await insertRun()];
  await Promise.allSettled(ids.map((id) => one.enter({ run: { id, step: 1 } })));
  expect(await waiting()).toBe(3);
  const { db } = await shared.start('b', {});
  await forgetWaits(db);
  expect(await waiting()).toBe(3);
  await shared.database.query(`UPDATE dbos.workflow_status SET status = 'CANCELLED' WHERE workflow_uuid = $1`, [
    ids[0],
  ]);
  await shared.database.query(`UPDATE holdfast.leases SET expires_at = now() WHERE executor_id = 'a'`);
  await forgetWaits(db);
  expect(await shared.database.query('SELECT run_id FROM holdfast.bucket_waits')).toEqual([{ run_id: ids[1] }]);
  over.abort(new Error('over'));
});
