// Both engines leave the same rows: every scenario is played on the stock engine and on ours, and those with a restart also on one
// after the other. What is left in the tables is compared row by row.

import { beforeAll, describe, expect, test } from 'vitest';
import { differences } from './compare.ts';
import { type Cast, perform, type Performance } from './performance.ts';
import { CANCELS } from './scenarios/cancels.ts';
import { FORKS } from './scenarios/forks.ts';
import { MESSAGES } from './scenarios/messages.ts';
import { PLAIN } from './scenarios/plain.ts';
import { RESTARTS } from './scenarios/restarts.ts';
import { STARTS } from './scenarios/starts.ts';

const SCENARIOS = [...PLAIN, ...MESSAGES, ...STARTS, ...CANCELS, ...FORKS, ...RESTARTS];

const CASTS: [title: string, cast: Cast][] = [
  ['holdfast', ['holdfast', 'holdfast']],
  ['stock, then holdfast', ['stock', 'holdfast']],
  ['holdfast, then stock', ['holdfast', 'stock']],
];

const PATIENCE_MS = 120_000;

let stock: Performance;

beforeAll(async () => {
  stock = await perform(SCENARIOS, ['stock', 'stock']);
}, PATIENCE_MS);

describe.each(CASTS)('%s', (_title, cast) => {
  const scenarios = cast[0] === cast[1] ? SCENARIOS : RESTARTS;
  let played: Performance;

  beforeAll(async () => {
    played = await perform(scenarios, cast);
  }, PATIENCE_MS);

  test.each(scenarios)('$name', ({ name }) => {
    expect(stock.failures.get(name)).toBeUndefined();
    expect(played.failures.get(name)).toBeUndefined();
    expect(differences(stock.scenarios.get(name)!, played.scenarios.get(name)!)).toEqual([]);
  });

  test('what belongs to no scenario', () => {
    expect(differences(stock.service, played.service)).toEqual([]);
  });
});
