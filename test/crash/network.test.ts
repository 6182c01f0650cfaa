// The network between one process and the database fails, while another process has a good one.

import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { violations } from './support/checker.ts';
import { Fleet } from './support/fleet.ts';
import { installJournal, namedUrl } from './support/journal.ts';
import { fragilePlan, type Plan } from './support/plan.ts';
import { storm } from './support/storm.ts';
import { workWorld } from './support/work.ts';

const world = workWorld('storm');
const plans: Plan[] = [];

beforeAll(() => installJournal(world.database.query));

test(
  'connections of one process that are reset, some after the server did what it was asked',
  { timeout: 150_000 },
  async () => {
    const { database } = world;
    const proxy = await openProxy();
    const fleet = new Fleet(world.start, [through(proxy), database.url]);
    onTestFinished(() => fleet.stop());
    await fleet.start();
    const fault = (n: number): unknown => (n % 2 === 0 ? proxy.loseAnswers() : proxy.reset());
    plans.push(...(await storm({ fleet, url: database.url, seed: 1, runs: 40, faults: 30, pauseMs: 150, fault })));
    await fleet.stop();
    expect(proxy.resets).toBeGreaterThan(30);
    await expectNoViolations();
  },
);

test('a network that swallows everything of one process, and says nothing', { timeout: 90_000 }, async () => {
  const { witness, database } = world;
  const proxy = await openProxy();
  const lost = await world.start({ databaseUrl: namedUrl(through(proxy), 'lost'), env: { PROCESS_NAME: 'lost' } });
  const places = { inStep: 'first', inTransaction: 'pay', inLastStep: 'last' };
  for (const [name, label] of Object.entries(places)) {
    witness.hold(`${name} ${label}`);
    plans.push(fragilePlan(await world.submit(lost, 'Storm.fragile', name), name));
  }
  for (const [name, label] of Object.entries(places)) await witness.sees(`${name} ${label}`);
  const other = await world.start({ databaseUrl: namedUrl(database.url, 'other'), env: { PROCESS_NAME: 'other' } });
  // As if it were another machine's: nobody here can see that its process lives.
  await database.query(`UPDATE holdfast.leases SET host = 'elsewhere' WHERE pid = $1`, [lost.pid]);
  proxy.swallow();
  for (const [name, label] of Object.entries(places)) {
    await witness.sees(`${name} ${label}`, 2);
    witness.release(`${name} ${label}`);
  }
  for (const { runId } of plans.slice(-3))
    expect(await world.result(other, runId)).toMatchObject({ status: 'succeeded' });
  await expectNoViolations();
});

test('a process works again when the network is back, although its old connections are dead and do not say so', async () => {
  const proxy = await openProxy();
  const url = new URL(namedUrl(through(proxy), 'healed'));
  // Half a minute where nothing else is said.
  url.searchParams.set('query_timeout', '1000');
  const service = await world.start({ databaseUrl: url.href, env: { PROCESS_NAME: 'healed' } });
  proxy.swallow();
  proxy.heal();
  const healed = await service.call('POST', '/v1/workflows/Storm.fragile/runs', {
    body: 'healed',
    signal: AbortSignal.timeout(20_000),
  });
  expect(healed.status).toBe(202);
});

async function openProxy(): Promise<TcpProxy> {
  const proxy = await openTcpProxy(Number(new URL(world.database.url).port));
  onTestFinished(() => proxy.close());
  return proxy;
}

function through(proxy: TcpProxy): string {
  const url = new URL(world.database.url);
  url.port = String(proxy.port);
  return url.href;
}

async function expectNoViolations(): Promise<void> {
  expect(await violations({ query: world.database.query, plans, bodies: world.witness.bodies })).toEqual([]);
}
