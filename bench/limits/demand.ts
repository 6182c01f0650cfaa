// What tenants want: calls at random times, one of them a hundred times as many as each of the others.

import { randomFrom } from '../money/random.ts';

/** A call that somebody wants. */
export interface Wanted {
  id: string;
  tenant: string;
  /** In milliseconds from the beginning. */
  atMs: number;
}

export const GREEDY = 'greedy';
const QUIET = Array.from({ length: 9 }, (_, index) => `quiet-${index + 1}`);
const GREED = 100;
/** The one whose calls are also made alone. */
export const ALONE = QUIET[0]!;

export const MOST_OUTPUT = 200;
/** A prompt has about as many tokens as this has. */
const PROMPT = 'What follows is a question of a customer about an order, and all that is known of it. '.repeat(9);

/** Returns the prompt of a call. */
export function promptOf(id: string): string {
  return `${id} ${PROMPT}`;
}

/** Returns what tenants want for `seconds`, `perSecond` calls of all of them together on average; in the order of its times. */
export function demandOf(seconds: number, perSecond: number, seed: number): Wanted[] {
  const quietly = perSecond / (GREED + QUIET.length);
  const tenants = [[GREEDY, quietly * GREED] as const, ...QUIET.map((name) => [name, quietly] as const)];
  return tenants
    .flatMap(([tenant, rate], index) => callsOf(tenant, rate, seconds, randomFrom(seed + index)))
    .sort((a, b) => a.atMs - b.atMs);
}

/** As they come to a door: the times between them are exponentially distributed. */
function callsOf(tenant: string, rate: number, seconds: number, random: () => number): Wanted[] {
  const calls: Wanted[] = [];
  for (let at = 0; ;) {
    at += -Math.log(1 - random()) / rate;
    if (at >= seconds) return calls;
    calls.push({ id: `${tenant}/${calls.length}`, tenant, atMs: at * 1000 });
  }
}
