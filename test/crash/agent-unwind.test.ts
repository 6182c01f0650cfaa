// `kill -9` around everything that is recorded from a refund agent's failure to the end of its unwinding: all money is taken back, once.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { deathsAt, dieAtEach, recorded } from './support/agent-chain.ts';
import { type AgentWorld, openAgentWorld, type Ticket } from './support/agent-world.ts';

/** Of the run that fails, and of the one that unwinds it. */
const FAILING = [
  ['DBOS.now'],
  ['DBOS.now', 'model', 'Refunds.refund'],
  ['DBOS.now', 'model', 'Refunds.refund'],
  ['DBOS.now', 'model', 'run'],
].flat();
const UNWINDING = ['plan', 'undo Refunds.refund', 'undo Refunds.refund', 'run'];
const CHECKPOINTS = [...FAILING, ...UNWINDING];

let world: AgentWorld;

beforeEach(async () => {
  world = await openAgentWorld();
});

afterEach(() => world.close());

test('killed between the failure of a run and the end of its unwinding', async () => {
  const deaths = deathsAt(CHECKPOINTS, FAILING.length - 1);
  const ticket = (n: number): Ticket => ({ orders: [`A-${2 * n + 1}`, `A-${2 * n + 2}`] });
  await dieAtEach({ world, checkpoints: CHECKPOINTS, deaths, ticket, runs: 2 });
  const { books, requests } = world.shop;
  for (const [n, death] of deaths.entries()) {
    const { orders } = ticket(n);
    expect(await whatCameOf(ticket(n)), JSON.stringify(death)).toEqual(allTakenBack(orders));
    expect(await recorded(world, ticket(n))).toEqual(CHECKPOINTS);
  }
  expect(books.refunds.size).toBe(2 * deaths.length);
  const reversals = requests.filter(({ path }) => path.endsWith('/reverse'));
  expect(new Set(reversals.map(({ key }) => key)).size).toBe(2 * deaths.length);
  // A reversal is noted before its step is recorded, so that a death in between does not lead to another request.
  expect(reversals.length).toBe(2 * deaths.length);
});

test('killed while money is being taken back', async () => {
  const { shop } = world;
  const ticket = { orders: ['A-1', 'A-2'] };
  // The latest refund is taken back first.
  const path = '/refunds/R-2/reverse';
  shop.holdAnswers(path);
  const first = await world.start();
  await world.submit(first, ticket);
  await shop.unanswered(path, 1);
  await first.kill();

  shop.release(path);
  const second = await world.start();
  await second.call('GET', `/v1/runs/${await world.runOf(ticket)}-unwind/result?wait=10`);
  expect(await whatCameOf(ticket)).toEqual(allTakenBack(ticket.orders));
  const reversals = shop.requests.filter((request) => request.path.endsWith('/reverse'));
  expect(reversals.map((request) => request.path)).toEqual([path, path, '/refunds/R-1/reverse']);
});

function allTakenBack(orders: readonly string[]): Awaited<ReturnType<typeof whatCameOf>> {
  return {
    statuses: ['failed', 'succeeded'],
    asked: [1, 1, 1],
    refunds: orders.map((orderId) => ({ orderId, isReversed: true, reversalKeys: 1 })),
    calls: ['undone', 'undone'],
  };
}

async function whatCameOf(ticket: Ticket) {
  const { database, shop } = world;
  const id = await world.runOf(ticket);
  const runs = await database.query(`SELECT status FROM holdfast.runs WHERE id IN ($1, $1 || '-unwind') ORDER BY id`, [
    id,
  ]);
  const calls = await database.query('SELECT state FROM holdfast.unwinding WHERE run_id = $1', [id]);
  const refunds = [...shop.books.refunds.values()].filter(({ orderId }) => ticket.orders.includes(orderId));
  return {
    statuses: runs.map(({ status }) => status),
    asked: world.asked(ticket),
    refunds: refunds.map(({ id: refund, orderId, isReversed }) => ({
      orderId,
      isReversed,
      reversalKeys: new Set(
        shop.requests.filter(({ path }) => path === `/refunds/${refund}/reverse`).map(({ key }) => key),
      ).size,
    })),
    calls: calls.map(({ state }) => state),
  };
}
