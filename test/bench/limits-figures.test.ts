// What the limits bench makes of calls that were wanted and answered.

import { expect, test } from 'vitest';
import { demandOf, GREEDY } from '../../bench/limits/demand.ts';
import { type Course, fairShares, figuresOf, jainOf, p95Of } from '../../bench/limits/figures.ts';

const quota = { requests: 60, tokens: 6000 };
const window = { fromMs: 0, toMs: 60_000 };

function course(answers: [tenant: string, n: number, atMs: number, answeredMs: number | undefined][]): Course {
  const ids = answers.map(([tenant, n, atMs]) => ({ id: `${tenant}/${n}`, tenant, atMs }));
  const answered = answers.flatMap(([tenant, n, , at]) =>
    at === undefined ? [] : [{ id: `${tenant}/${n}`, at, tokens: 100 }],
  );
  return { wanted: ids, answered, refused: [1] };
}

test('nobody gets more than it wants, and the rest is shared in equal parts', () => {
  expect(fairShares([1, 2, 100], 12)).toEqual([1, 2, 9]);
  expect(fairShares([10, 10, 10], 12)).toEqual([4, 4, 4]);
  expect(fairShares([1, 2], 12)).toEqual([1, 2]);
});

test("Jain's index is 1 for equals, and 1/n where one has everything", () => {
  expect(jainOf([0.5, 0.5, 0.5])).toBeCloseTo(1, 9);
  expect(jainOf([1, 0, 0, 0])).toBe(0.25);
});

test('what was not answered counts as answered at the end', () => {
  const part = course([
    ['quiet-1', 0, 0, 1000],
    ['quiet-1', 1, 10_000, undefined],
  ]);
  expect(p95Of(part, 'quiet-1', window)).toBe(50_000);
});

test('figures of a course in which the greedy one got the half of its share that was left', () => {
  const alone = course([['quiet-1', 0, 0, 1000]]);
  const greedy = Array.from({ length: 100 }, (_, n): [string, number, number, number | undefined] => [
    GREEDY,
    n,
    0,
    n < 28 ? 2000 : undefined,
  ]);
  const all = course([...greedy, ['quiet-1', 0, 0, 3000], ['quiet-1', 1, 5000, 6000]]);
  const figures = figuresOf(all, alone, quota, window);
  expect(figures).toMatchObject({ utilisation: 0.5, quiet_p95_ratio: 3 });
  expect(figures.rate_429).toBeCloseTo(1 / 31, 9);
  // Satisfactions of 28/58 and 1.
  expect(figures.jain_index).toBeCloseTo((28 / 58 + 1) ** 2 / (2 * ((28 / 58) ** 2 + 1)), 9);
});

test('the demand has one tenant with a hundred times the calls of each other one, and is the same each time', () => {
  const demand = demandOf(1000, 10, 1);
  expect(demand).toEqual(demandOf(1000, 10, 1));
  const count = (name: string): number => demand.filter(({ tenant }) => tenant === name).length;
  expect(count(GREEDY)).toBeGreaterThan(8500);
  expect(count('quiet-3')).toBeGreaterThan(60);
  expect(count('quiet-3')).toBeLessThan(130);
});
