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

test('killed while refunds of one turn are under way, and then while they are taken back', async () => {
  const { shop } = world;
  const ticket = { orders: ['A-1', 'A-2', 'A-3'] };
  const reversals = ['/refunds/R-1/reverse', '/refunds/R-2/reverse', '/refunds/R-3/reverse'];
  for (const path of ['/refunds', ...reversals]) shop.holdAnswers(path);
  const first = await world.start();
  await world.submit(first, ticket);
  await shop.unanswered('/refunds', 3);
  await first.kill();

  shop.release('/refunds');
  const second = await world.start();
  // Calls that were made at the same time are undone at the same time.
  for (const path of reversals) await shop.unanswered(path, 1);
  await second.kill();

  for (const path of reversals) shop.release(path);
  const third = await world.start();
  await third.call('GET', `/v1/runs/${await world.runOf(ticket)}-unwind/result?wait=10`);
  expect(await whatCameOf(ticket)).toMatchObject({
    statuses: ['failed', 'succeeded'],
    calls: ['undone', 'undone', 'undone'],
  });
  const { refunds } = await whatCameOf(ticket);
  expect(refunds.map(({ isReversed, reversalKeys }) => [isReversed, reversalKeys])).toEqual([
    [true, 1],
    [true, 1],
    [true, 1],
  ]);
  const sent = shop.requests.map(({ path }) => path);
  expect(sent.filter((path) => path === '/refunds')).toHaveLength(6);
  expect(sent.filter((path) => path.endsWith('/reverse'))).toHaveLength(6);
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
