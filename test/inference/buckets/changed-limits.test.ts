// Calls that wait go on by what the limits are by now, and what a call may use at most does not block a bucket for hours.

import { expect, test } from 'vitest';
import { lockBuckets } from '../../../src/store/buckets.ts';
import { until } from '../../support/until.ts';
import { answered, type Process, processesOfFile } from './support.ts';

const shared = processesOfFile();

async function start(...args: Parameters<typeof shared.start>): Promise<Process> {
  const started = await shared.start(...args);
  started.buckets.start();
  return started;
}

test('limits that are removed hold up nobody who waited for them', async () => {
  const one = await start('a', { rpm: 2 });
  (await one.enter()).ended(answered(0));
  const waiting = Promise.all([one.enter(), one.enter(), one.enter()]);
  await until(
    'them to wait',
    async () => (await shared.database.query('SELECT FROM holdfast.bucket_waits')).length === 3,
  );
  one.limit({});
  for (const passage of await waiting) passage.ended(answered(0));
});

test('limits that are raised count for those who wait', async () => {
  const one = await start('a', { rpm: 2 });
  (await one.enter()).ended(answered(0));
  const waiting = Promise.all([one.enter(), one.enter(), one.enter()]);
  await until(
    'them to wait',
    async () => (await shared.database.query('SELECT FROM holdfast.bucket_waits')).length === 3,
  );
  one.limit({ rpm: 60_000 });
  for (const passage of await waiting) passage.ended(answered(0));
});

test('limits that change while a round is made are known to the next one', async () => {
  const one = await start('a', { rpm: 2 });
  (await one.enter()).ended(answered(0));
  const other = await start('b', { rpm: 2 });
  let waiting: Promise<unknown> | undefined;
  await other.db.transaction(async (trx) => {
    await lockBuckets(trx, ['endpoint/shared']);
    waiting = one.enter();
    await until('its round to begin', async () => {
      const rows = await shared.database.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
      return rows.length > 0;
    });
    one.limit({ rpm: 60_000 });
    waiting = Promise.all([waiting, one.enter()]);
  });
  await waiting;
});

test('what was used too much at a low rate is worked off at the new one', async () => {
  const one = await start('a', { tpm: 60 });
  const passage = await one.enter({ tokens: 5 });
  passage.ended(answered(6005));
  const left = async () =>
    (await shared.database.query('SELECT tokens_left::float8 AS left FROM holdfast.buckets'))[0]?.left as number;
  await until('it to be known', async () => (await left()) < -5000);
  one.limit({ tpm: 600_000 });
  (await one.enter({ tokens: 5 })).ended(answered(5));
});

test('a call that may be larger than a minute has tokens is made, and one whose process died blocks nobody for longer', async () => {
  const [one, other] = [await start('a', { tpm: 60_000 }), await start('b', { tpm: 60_000 })];
  await one.enter({ tokens: 500_000_000 });
  const waiting = other.enter({ tokens: 1 });
  const oldest = async () =>
    (await shared.database.query('SELECT tokens_left::float8 AS left FROM holdfast.buckets'))[0]?.left as number;
  await until(
    'the other one to wait',
    async () => (await shared.database.query('SELECT FROM holdfast.bucket_waits')).length > 0,
  );
  expect(await oldest()).toBeGreaterThan(-60_000);
  for (const each of [one, other]) each.limit({});
  (await waiting).ended(answered(1));
});
