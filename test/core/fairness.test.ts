// Whatever tenants ask for, those that always want more get what their weights say, and nobody waits for ever.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Flow, placeOf, Turns } from '../../src/core/fairness.ts';

interface Item {
  cost: number;
}

const cost = ({ cost: ms }: Item): number => ms;
const costs = fc.array(fc.record({ cost: fc.integer({ min: 1, max: 100 }) }), { minLength: 200, maxLength: 200 });
const tenants = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 5 }), waiting: costs }), {
  minLength: 2,
  maxLength: 6,
});

function flowsOf(given: { weight: number; waiting: Item[] }[]): Map<string, Flow<Item>> {
  return new Map(given.map((flow, index) => [`tenant ${index}`, flow]));
}

test('between tenants that always wait, the service for each weight never differs by more than one call of each', () => {
  fc.assert(
    fc.property(tenants, fc.integer({ min: 0, max: 1_000_000 }), (given, virtual) => {
      const flows = flowsOf(given);
      const turns = new Turns(virtual, flows, cost);
      const had = new Map([...flows.keys()].map((name) => [name, 0]));
      for (let n = 0; n < 150; n += 1) {
        const { tenant, item } = turns.next()!;
        turns.served();
        had.set(tenant, had.get(tenant)! + item.cost / flows.get(tenant)!.weight);
        const shares = [...had.values()];
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(200);
      }
    }),
    { numRuns: 50 },
  );
});

test('rounds that go on where the last one ended are as fair as one', () => {
  fc.assert(
    fc.property(tenants, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 5, maxLength: 20 }), (given, rounds) => {
      const whole = new Turns(0, flowsOf(given), cost);
      const at = given.map(() => 0);
      let virtual = 0;
      let finishes = new Map<string, number>();
      for (const length of rounds) {
        const rest = given.map(({ weight, waiting }, index) => ({ weight, waiting: waiting.slice(at[index]) }));
        const flows = new Map(
          [...flowsOf(rest)].map(([name, flow]) => [name, { ...flow, finish: finishes.get(name) }] as const),
        );
        const turns = new Turns(virtual, flows, cost);
        for (let n = 0; n < length; n += 1) {
          const { tenant } = turns.next()!;
          turns.served();
          at[Number(tenant.split(' ')[1])]! += 1;
          expect(whole.next()!.tenant).toBe(tenant);
          whole.served();
        }
        ({ virtual } = turns);
        finishes = turns.finishes();
      }
    }),
    { numRuns: 50 },
  );
});

test('who was away has saved nothing up, and waits behind nobody', () => {
  const many = Array.from({ length: 1000 }, () => ({ cost: 10 }));
  const greedy = new Turns(0, new Map([['greedy', { weight: 1, waiting: many }]]), cost);
  for (let n = 0; n < 100; n += 1) greedy.served();
  const finish = greedy.finishes().get('greedy')!;
  const flows = new Map([
    ['greedy', { weight: 1, finish, waiting: many }],
    ['quiet', { weight: 1, waiting: many }],
  ]);
  const turns = new Turns(greedy.virtual, flows, cost);
  const order = Array.from({ length: 20 }, () => {
    const { tenant } = turns.next()!;
    turns.served();
    return tenant;
  });
  expect(order[0]).toBe('quiet');
  expect(order.filter((tenant) => tenant === 'quiet').length).toBeLessThanOrEqual(11);
  expect(order.filter((tenant) => tenant === 'greedy').length).toBeGreaterThanOrEqual(9);
});

test('a tenant that leaves the round lets the others go on', () => {
  const turns = new Turns(0, flowsOf([1, 2].map(() => ({ weight: 1, waiting: [{ cost: 1 }, { cost: 1 }] }))), cost);
  turns.leaves();
  expect(turns.next()!.tenant).toBe('tenant 1');
  turns.served();
  turns.served();
  expect(turns.next()).toBeUndefined();
});

test('a lower priority waits longer, and not for ever; a large call lets small ones pass', () => {
  expect(placeOf(0, 0, 10)).toBeLessThan(placeOf(0, 1, 10));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 1e6 }), (priority, costMs) => {
      expect(placeOf(0, priority, costMs)).toBeLessThan(placeOf(20 * 60_000 + 1, 0, 0));
    }),
  );
  expect(placeOf(1000, 0, 1)).toBeLessThan(placeOf(0, 0, 15_000));
});
