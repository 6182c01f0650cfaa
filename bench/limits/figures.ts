// What is made of the calls that were wanted, and of those that were answered.

import { quantile } from '../measurement.ts';
import { ALONE, GREEDY, type Wanted } from './demand.ts';
import type { Answered, Quota } from './provider.ts';

/** What happened in one part. Times of answers and refusals are in milliseconds from its beginning. */
export interface Course {
  wanted: readonly Wanted[];
  answered: readonly Answered[];
  refused: readonly number[];
}

/** From when on, and until when, is counted. */
export interface Window {
  fromMs: number;
  toMs: number;
}

export interface Figures {
  /** Of requests or tokens, of which more was used: what was used as a part of what the quota gives in that time. */
  utilisation: number;
  /** Refusals as a part of all calls. */
  rate_429: number;
  /** Of the quiet tenant that has it worst: its 95th percentile from the wish for a call to its answer, as a multiple of the one alone. */
  quiet_p95_ratio: number;
  /** Jain's index of what tenants got as a part of their fair share. */
  jain_index: number;
}

/** Returns the figures of a course, given that of a quiet tenant alone. */
export function figuresOf(course: Course, alone: Course, quota: Quota, window: Window): Figures {
  const seconds = (window.toMs - window.fromMs) / 1000;
  const inWindow = course.answered.filter(({ at }) => at >= window.fromMs && at < window.toMs);
  const tokens = inWindow.reduce((sum, answer) => sum + answer.tokens, 0);
  const parts = [inWindow.length / quota.requests, tokens / quota.tokens].map((part) => (part * 60) / seconds);
  const calls = course.answered.length + course.refused.length;
  const quiet = [...new Set(course.wanted.map(({ tenant }) => tenant))].filter((tenant) => tenant !== GREEDY);
  const own = p95Of(alone, ALONE, window);
  return {
    utilisation: Math.max(...parts),
    rate_429: course.refused.length / calls,
    quiet_p95_ratio: Math.max(...quiet.map((tenant) => p95Of(course, tenant, window))) / own,
    jain_index: jainOf(satisfactions(course, quota, window)),
  };
}

/** In milliseconds. What was not answered counts as if it were answered at the end. */
export function p95Of({ wanted, answered }: Course, tenant: string, { fromMs, toMs }: Window): number {
  const at = new Map(answered.map((answer) => [answer.id, answer.at]));
  const end = Math.max(toMs, ...answered.map((answer) => answer.at));
  const waits = wanted
    .filter((call) => call.tenant === tenant && call.atMs >= fromMs && call.atMs < toMs)
    .map(({ id, atMs }) => (at.get(id) ?? end) - atMs);
  return quantile(
    waits.sort((a, b) => a - b),
    0.95,
  );
}

/** Returns what each tenant got in the window, as a part of its max-min fair share of the quota: by calls, of which all are alike. */
function satisfactions({ wanted, answered }: Course, quota: Quota, { fromMs, toMs }: Window): number[] {
  const isInside = (ms: number): boolean => ms >= fromMs && ms < toMs;
  const mean = answered.reduce((sum, { tokens }) => sum + tokens, 0) / answered.length;
  const perMinute = Math.min(quota.requests, quota.tokens / mean);
  const tenants = [...new Set(wanted.map(({ tenant }) => tenant))];
  const demands = tenants.map((name) => wanted.filter(({ tenant, atMs }) => tenant === name && isInside(atMs)).length);
  const shares = fairShares(demands, (perMinute * (toMs - fromMs)) / 60_000);
  return tenants.map((name, index) => {
    const got = answered.filter(({ id, at }) => id.startsWith(`${name}/`) && isInside(at)).length;
    return Math.min(1, got / shares[index]!);
  });
}

/** Max-min fair shares: nobody gets more than it wants, and what is left is shared by the others in equal parts. */
export function fairShares(demands: readonly number[], capacity: number): number[] {
  const shares = demands.map(() => 0);
  let left = capacity;
  let open = demands.map((_, index) => index);
  while (open.length > 0) {
    const part = left / open.length;
    const content = open.filter((index) => demands[index]! <= part);
    for (const index of content.length > 0 ? content : open) shares[index] = Math.min(demands[index]!, part);
    if (content.length === 0) return shares;
    left -= content.reduce((sum, index) => sum + demands[index]!, 0);
    open = open.filter((index) => !content.includes(index));
  }
  return shares;
}

/** Returns Jain's index of fairness: 1 when all are equal, 1/n when one has everything. */
export function jainOf(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 0 : (sum * sum) / (values.length * squares);
}
