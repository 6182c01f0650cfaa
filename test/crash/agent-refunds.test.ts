// `kill -9` before and after every checkpoint of the refund agent, and while its requests are under way: money goes back once, and one
// letter is sent.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Death, deathsAt, dieAtEach, recorded } from './support/agent-chain.ts';
import { type AgentWorld, centsOf, customerOf, openAgentWorld, type Ticket } from './support/agent-world.ts';

/** In the order in which they are recorded; `run` is the outcome. */
const CHECKPOINTS = [
  ['DBOS.now'],
  ['DBOS.now', 'model', 'Refunds.findOrder'],
  ['DBOS.now', 'model', 'Refunds.refund', 'Refunds.note'],
  ['DBOS.now', 'model', 'Refunds.sendLetter'],
  ['DBOS.now', 'model', 'run'],
].flat();

let world: AgentWorld;

beforeEach(async () => {
  world = await openAgentWorld();
});

afterEach(() => world.close());

test('killed before and after each checkpoint', async () => {
  const deaths = deathsAt(CHECKPOINTS);
  const ticket = (n: number): Ticket => ({ orders: [`A-${n + 1}`] });
  await dieAtEach({ world, checkpoints: CHECKPOINTS, deaths, ticket, runs: 1 });
  for (const [n, death] of deaths.entries()) {
    expect(await whatCameOf(ticket(n)), JSON.stringify(death)).toEqual(expected(death));
    expect(await recorded(world, ticket(n))).toEqual(CHECKPOINTS);
  }
  const { refunds, letters } = world.shop.books;
  expect([refunds.size, letters.size]).toEqual([deaths.length, deaths.length]);
  expect(new Set(world.shop.requests.flatMap(({ key }) => key ?? [])).size).toBe(2 * deaths.length);
});

/** Only an answer that was not recorded is asked for again; it is the one that counts then. */
function expected({ when, checkpoint, nth }: Death): Awaited<ReturnType<typeof whatCameOf>> {
  const asked = [1, 2, 3, 4].map((turn) => (when === 'before' && checkpoint === 'model' && nth === turn ? 2 : 1));
  const cents = centsOf(asked[1]!);
  return {
    status: 'succeeded',
    asked,
    refunds: [cents],
    letters: 1,
    lettersAskedFor: 1,
    notes: [`Paid ${cents} back.`],
    effects: ['Refunds.refund answered', 'Refunds.sendLetter answered'],
  };
}

async function whatCameOf(ticket: Ticket) {
  const { database, shop } = world;
  const id = await world.runOf(ticket);
  const [order] = ticket.orders;
  const [run] = await database.query('SELECT status FROM holdfast.runs WHERE id = $1', [id]);
  const notes = await database.query('SELECT note FROM order_notes WHERE order_id = $1', [order]);
  const effects = await database.query('SELECT key, tool, state FROM holdfast.effects WHERE run_id = $1', [id]);
  const keys = new Set(effects.map(({ key }) => key));
  return {
    status: run.status,
    asked: world.asked(ticket),
    refunds: [...shop.books.refunds].filter(([key, r]) => r.orderId === order && keys.has(key)).map(([, r]) => r.cents),
    letters: [...shop.books.letters].filter(([key, { to }]) => to === customerOf(ticket) && keys.has(key)).length,
    // A letter that nobody can take back is not even asked for twice, because the agent looks first.
    lettersAskedFor: shop.requests.filter(({ key, path }) => path === '/letters' && keys.has(key)).length,
    notes: notes.map(({ note }) => note),
    effects: effects.map(({ tool, state }) => `${tool} ${state}`).sort(),
  };
}

test('killed while a refund is under way, and then while a letter is', async () => {
  const { shop } = world;
  const ticket = { orders: ['A-1'] };
  shop.holdAnswers('/refunds');
  const first = await world.start();
  await world.submit(first, ticket);
  await shop.unanswered('/refunds', 1);
  await first.kill();

  shop.release('/refunds');
  shop.holdAnswers('/letters');
  const second = await world.start();
  await shop.unanswered('/letters', 1);
  await second.kill();

  const third = await world.start();
  await third.call('GET', `/v1/runs/${await world.runOf(ticket)}/result?wait=10`);
  expect(await whatCameOf(ticket)).toEqual({
    ...expected({ when: 'after', checkpoint: 'run', nth: 1 }),
    // Nobody ever saw the answer to the letter: it was looked up at the shop.
    effects: ['Refunds.refund answered', 'Refunds.sendLetter sent'],
  });
  const posts = shop.requests.filter(({ method }) => method === 'POST');
  expect(posts.map(({ path }) => path)).toEqual(['/refunds', '/refunds', '/letters']);
  expect(posts[0]!.key).toBe(posts[1]!.key);
  expect([shop.books.refunds.size, shop.books.letters.size]).toEqual([1, 1]);
});

test('killed while a letter is under way that the shop never got', async () => {
  const { shop } = world;
  const ticket = { orders: ['A-1'] };
  shop.loseRequests('/letters');
  const first = await world.start();
  await world.submit(first, ticket);
  await shop.unanswered('/letters', 1);
  await first.kill();

  shop.release('/letters');
  const second = await world.start();
  await second.call('GET', `/v1/runs/${await world.runOf(ticket)}/result?wait=10`);
  expect(await whatCameOf(ticket)).toEqual({
    ...expected({ when: 'after', checkpoint: 'run', nth: 1 }),
    lettersAskedFor: 2,
  });
  expect(shop.books.letters.size).toBe(1);
});
