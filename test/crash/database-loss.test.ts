// The database goes away under thirty runs with transactions. None of them fails by it, and each effect happens once.

import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { ChildService } from '../../src/testing.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { openMortalServer } from './support/mortal-server.ts';
import { patientQuery } from './support/patient-query.ts';
import { workWorld } from './support/work.ts';

const world = workWorld();
const SLOWEST = { timeout: 90_000 };
const RUNS = 30;
const PAYMENTS = 4;

test('connections that are ended by the server', SLOWEST, async () => {
  const { database } = world;
  const service = await world.start();
  const ids = await submitAll(service, 'ended');
  let ended = 0;
  await whileRunning(database.url, 'ended', async () => {
    const [row] = await database.query<{ n: number }>(
      `SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    ended += row!.n;
  });
  expect(ended).toBeGreaterThan(20);
  await expectExactlyOnce(database.url, 'ended', ids);
});

test('connections that the network resets, some after the server did what it was asked', SLOWEST, async () => {
  const { database } = world;
  const proxy = await openTcpProxy(Number(new URL(database.url).port));
  onTestFinished(() => proxy.close());
  const service = await world.start({ databaseUrl: withPort(database.url, proxy.port) });
  const ids = await submitAll(service, 'reset');
  await whileRunning(database.url, 'reset', (n) => {
    if (n % 2 === 0) proxy.loseAnswers();
    else proxy.reset();
  });
  expect(proxy.resets).toBeGreaterThan(20);
  await expectExactlyOnce(database.url, 'reset', ids);
});

test('a server that is killed and started again', SLOWEST, async () => {
  const server = await openMortalServer();
  const url = server.url('work');
  const service = await world.start({ databaseUrl: url });
  const ids = await submitAll(service, 'restarted');
  for (let n = 0; n < 3; n += 1) {
    await until('a run to end', () => areOver(url, 'restarted', 5 * (n + 1)));
    await server.killAndRestart();
  }
  await until('the runs to end', () => areOver(url, 'restarted'));
  await expectExactlyOnce(url, 'restarted', ids);
});

async function submitAll(service: ChildService, prefix: string): Promise<string[]> {
  const names = Array.from({ length: RUNS }, (_, n) => `${prefix}${n}`);
  return Promise.all(names.map((name) => world.submit(service, 'Work.transfers', name)));
}

/** Does `fault` every 120 ms, at most twenty times, and then waits for the runs to end. */
async function whileRunning(url: string, prefix: string, fault: (n: number) => unknown): Promise<void> {
  for (let n = 0; !(await areOver(url, prefix)); n += 1) {
    if (n < 20) await fault(n);
    await delay(120);
  }
}

/** Tells whether at least `count` of the runs have ended. */
async function areOver(url: string, prefix: string, count = RUNS): Promise<boolean> {
  const [row] = await patientQuery(
    url,
    `SELECT count(*)::int AS n FROM holdfast.runs WHERE ended_at IS NOT NULL AND starts_with(input #>> '{}', $1)`,
    [prefix],
  );
  return row!.n >= count;
}

async function expectExactlyOnce(url: string, prefix: string, ids: string[]): Promise<void> {
  const runs = await patientQuery(
    url,
    'SELECT status, error, count(*)::int AS runs FROM holdfast.runs WHERE id = ANY($1) GROUP BY 1, 2',
    [ids],
  );
  expect(runs).toEqual([{ status: 'succeeded', error: null, runs: RUNS }]);
  const effects = await patientQuery(
    url,
    'SELECT run_id, name, count(*)::int AS times FROM effects WHERE run_id = ANY($1) GROUP BY 1, 2',
    [ids],
  );
  expect(effects).toHaveLength(RUNS * (PAYMENTS + 1));
  expect(effects.filter((effect) => effect.times !== 1)).toEqual([]);
  const accounts = await patientQuery(url, 'SELECT DISTINCT balance FROM accounts WHERE starts_with(name, $1)', [
    prefix,
  ]);
  expect(accounts).toEqual([{ balance: PAYMENTS }]);
  expect(await patientQuery(url, 'SELECT * FROM holdfast.attempts')).toEqual([]);
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}
