// The order in which the endpoints of a class are asked.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Candidate, type Preference, route } from '../../src/inference/routing/route.ts';

const ORDER: Preference = { prefer: 'order', last: undefined, failed: undefined };

function candidate(name: string, differences: Partial<Candidate> = {}): Candidate {
  return { name, admits: 'all', roomInMs: 0, costUsd: undefined, ...differences };
}

function routed(candidates: Candidate[], preference: Partial<Preference> = {}): [string, string][] {
  return route(candidates, { ...ORDER, ...preference }).map(({ candidate: { name }, why }) => [name, why]);
}

const [a, b, c] = [candidate('a'), candidate('b'), candidate('c')];

test('the class’s own order counts where nothing else does', () => {
  expect(routed([a, b, c])).toEqual([
    ['a', 'first'],
    ['b', 'fallback'],
    ['c', 'fallback'],
  ]);
});

test('an endpoint that is left alone is not asked, and one that is to be tried keeps its place', () => {
  expect(routed([candidate('a', { admits: 'none' }), b])).toEqual([['b', 'fallback']]);
  expect(routed([candidate('a', { admits: 'probe' }), b])[0]).toEqual(['a', 'first']);
});

test('an endpoint without room comes after those with room, and a moment is no wait', () => {
  expect(routed([candidate('a', { roomInMs: 250 }), b])).toEqual([
    ['b', 'fallback'],
    ['a', 'fallback'],
  ]);
  expect(routed([candidate('a', { roomInMs: 249 }), b])[0]).toEqual(['a', 'first']);
});

test('what answered last goes first, and what failed just now last', () => {
  expect(routed([a, b, c], { last: 'b' }).map(([name]) => name)).toEqual(['b', 'a', 'c']);
  expect(routed([a, b, c], { last: 'b' })[0]).toEqual(['b', 'last']);
  expect(routed([a, b, c], { failed: 'a' }).map(([name]) => name)).toEqual(['b', 'c', 'a']);
  expect(routed([a, b, c], { last: 'gone' })[0]).toEqual(['a', 'first']);
});

test('where price is preferred the cheapest goes first, one without a price last', () => {
  const priced = [a, candidate('b', { costUsd: 2 }), candidate('c', { costUsd: 1 }), candidate('d', { costUsd: 1 })];
  expect(routed(priced, { prefer: 'price' })).toEqual([
    ['c', 'price'],
    ['d', 'fallback'],
    ['b', 'fallback'],
    ['a', 'fallback'],
  ]);
  expect(routed(priced)[0]).toEqual(['a', 'first']);
  expect(routed(priced, { prefer: 'price', last: 'b' })[0]).toEqual(['b', 'last']);
});

test('every endpoint that may be asked is there once, with room before those without', () => {
  const any = fc.record({
    admits: fc.constantFrom<Candidate['admits']>('all', 'probe', 'none'),
    roomInMs: fc.integer({ min: 0, max: 1000 }),
    costUsd: fc.option(fc.double({ min: 0, max: 9, noNaN: true }), { nil: undefined }),
  });
  const preference = fc.record<Preference>({
    prefer: fc.constantFrom('order', 'price'),
    last: fc.constantFrom(undefined, '0', '2'),
    failed: fc.constantFrom(undefined, '0', '1'),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 6 }), preference, (list, preferred) => {
      const candidates = list.map((one, index) => ({ ...one, name: String(index) }));
      const order = route(candidates, preferred).map(({ candidate: one }) => one);
      const askable = candidates.filter(({ admits }) => admits !== 'none');
      expect(order.toSorted((x, y) => Number(x.name) - Number(y.name))).toEqual(askable);
      const isFull = order.map(({ roomInMs }) => roomInMs >= 250);
      expect(isFull).toEqual(isFull.toSorted((x, y) => Number(x) - Number(y)));
    }),
  );
});
