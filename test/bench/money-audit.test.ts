// The audit of the money bench: a world in which all went well passes, and each thing that can go wrong is found.

import { expect, test } from 'vitest';
import { missed } from '../../bench/measurement.ts';
import { audit, type Findings } from '../../bench/money/audit.ts';
import { Bookkeeper } from '../../bench/money/books.ts';
import { refundsOf, type Ticket, ticketsOf } from '../../bench/money/plan.ts';
import type { Remains } from '../../bench/money/world.ts';

const tickets = ticketsOf(20, 7);
const good = tickets.find(({ ending }) => ending === 'answers')!;
const bad = tickets.find(({ ending }) => ending !== 'answers')!;

/** What is left when every run ends as planned. */
function flawless(): Remains {
  const keeper = new Bookkeeper();
  const post = (path: string[], key: string, body = {}) => keeper.answer({ method: 'POST', path, key, body });
  for (const ticket of tickets) {
    for (const orderId of refundsOf(ticket)) {
      post(['refunds'], `pay ${orderId}`, { orderId });
      if (fails(ticket)) post(['refunds', 'by-key', `pay ${orderId}`, 'reverse'], `undo ${orderId}`);
    }
    if (!fails(ticket)) post(['letters'], `write ${ticket.id}`, { ticket: ticket.id });
  }
  return {
    records: {
      ended: new Map(tickets.map((ticket) => [ticket.id, fails(ticket) ? 'failed' : 'succeeded'])),
      notUnwound: new Set(),
      knows: () => true,
      open: [],
      kills: 0,
      interruptions: 0,
      seconds: 1,
    },
    shop: { ...keeper.books, requests: 0, faults: { busy: 0, reset: 0, lost: 0 } },
    notes: new Map(tickets.flatMap(refundsOf).map((order) => [order, 1])),
  };
}

function fails({ ending }: Ticket): boolean {
  return ending !== 'answers';
}

const CLEAN = {
  runs_ended: 20,
  completion_percent: 100,
  duplicate_charges: 0,
  duplicate_letters: 0,
  duplicate_notes: 0,
  missing_effects: 0,
  failed_runs_not_unwound: 0,
  unknown_effects: 0,
  unbalanced: 0,
};

test('a world in which all went well has nothing to complain about', () => {
  const found = audit(tickets, flawless());
  expect(found).toMatchObject(CLEAN);
  expect(found.charges - found.compensations).toBe(found.refunds);
  expect([found.charges, found.compensations].every((count) => count > 0)).toBe(true);
});

test.each<[string, (remains: Remains) => void, Partial<Findings>]>([
  [
    'an order that is paid back under a second key',
    ({ shop }) => shop.refunds.push({ id: 'R-x', key: 'other', order: refundsOf(good)[0]!, reversals: [] }),
    { duplicate_charges: 1, unbalanced: 1 },
  ],
  [
    'a refund of a failed run that is still out',
    ({ shop }) => (shop.refunds.find(({ order }) => order === refundsOf(bad)[0])!.reversals = []),
    { failed_runs_not_unwound: 1, unbalanced: 1 },
  ],
  [
    'a refund that is taken back twice',
    ({ shop }) => shop.refunds.find(({ order }) => order === refundsOf(bad)[0])!.reversals.push('again'),
    { unbalanced: -1 },
  ],
  [
    'a refund of a run that succeeded that is taken back',
    ({ shop }) => shop.refunds.find(({ order }) => order === refundsOf(good)[0])!.reversals.push('undo'),
    { missing_effects: 1, unbalanced: -1 },
  ],
  [
    'a second letter',
    ({ shop }) => shop.letters.push({ id: 'L-x', key: 'other', ticket: good.id }),
    { duplicate_letters: 1 },
  ],
  ['no letter', ({ shop }) => shop.letters.shift(), { missing_effects: 1 }],
  ['a second note', ({ notes }) => notes.set(refundsOf(good)[0]!, 2), { duplicate_notes: 1 }],
  ['no note', ({ notes }) => notes.delete(refundsOf(good)[0]!), { missing_effects: 1 }],
  ['a request that nobody knows the end of', ({ records }) => records.open.push('lost'), { unknown_effects: 1 }],
  [
    'an effect that the system knows nothing of',
    ({ records }) => (records.knows = ({ id }) => id !== 'R-1'),
    { unknown_effects: 1 },
  ],
  [
    'a failed run whose unwinding has not ended',
    ({ records }) => records.notUnwound.add(bad.id),
    { failed_runs_not_unwound: 1 },
  ],
  [
    'a run that has not ended',
    ({ records }) => records.ended.delete(bad.id),
    { runs_ended: 19, failed_runs: tickets.filter(fails).length - 1 },
  ],
])('%s is found', (_, spoil, expected) => {
  const remains = flawless();
  spoil(remains);
  expect(audit(tickets, remains)).toMatchObject({ ...CLEAN, ...expected });
});

test('the shop does everything once for each key, however the order is written, and refuses a key that was used for something else', () => {
  const keeper = new Bookkeeper();
  const pay = (key: string, orderId: string) =>
    keeper.answer({ method: 'POST', path: ['refunds'], key, body: { orderId } });
  expect([pay('a', 'O-1'), pay('a', 'o-1')].map(({ body }) => body)).toEqual([{ id: 'R-1' }, { id: 'R-1' }]);
  expect(pay('b', 'O-1').body).toEqual({ id: 'R-2' });
  expect(pay('a', 'O-2').status).toBe(422);
  expect(keeper.books).toMatchObject({ refunds: [{ key: 'a' }, { key: 'b' }], keysMisused: 1 });
});

test('a figure that is not what it must be is said', () => {
  const figure = { bench: 'money', cell: 'money', params: {}, system: 'holdfast', unit: 'runs', repeats: 1 };
  const figures = [
    { ...figure, metric: 'runs_ended', value: 499, mustBe: 500 },
    { ...figure, metric: 'duplicate_charges', value: 0, mustBe: 0 },
    { ...figure, metric: 'wall_seconds', value: 12 },
  ];
  expect(missed(figures)).toEqual(['FAILED: runs_ended of holdfast is 499, and must be 500.']);
});
