// A round at buckets gives away what there is, to those whose turn it is, and never more.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Account, decideRound, type RoundBucket, type WaitingCall } from '../../src/core/bucket-round.ts';
import { type BucketLimits, roomOf, waitFor } from '../../src/core/bucket.ts';

const NOW = 1_700_000_000_000;
const NOTHING: Account = {
  returned: { requests: 0, tokens: 0 },
  slotsInUse: 0,
  wanted: { requests: 0, tokens: 0 },
  refusals: [],
  left: {},
};

/** A bucket of which so much is used that it was empty this long ago. */
function bucket(key: string, limits: BucketLimits, sinceMs = 5000, slotsElsewhere = 0): RoundBucket {
  const level = {
    requestsEmptyMs: NOW - sinceMs,
    tokensEmptyMs: NOW - sinceMs,
    factor: 1,
    slowedMs: 0,
    blockedMs: 0,
  };
  return { key, limits, level, slotsElsewhere, virtual: 0, finishes: new Map() };
}

function call(n: number, tenant: string, tokens: number, also?: string): WaitingCall {
  return { id: `call ${n}`, bucket: 'a', also, tenant, tokens, place: n };
}

const anyCalls = fc
  .array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: 0, max: 5000 })), { maxLength: 60 })
  .map((given) => given.map(([tenant, tokens], n) => call(n, tenant, tokens)));

test('no more is granted than there is, nothing is held back, and nothing is leased while somebody waits', () => {
  const levels = fc.integer({ min: -2000, max: 5000 });
  const wishes = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(anyCalls, levels, wishes, (calls, sinceMs, wish) => {
      const limits = { rpm: 240, tpm: 60_000 };
      const found = bucket('a', limits, sinceMs);
      const accounts = new Map([['a', { ...NOTHING, wanted: { requests: wish, tokens: wish * 100 } }]]);
      const { granted, buckets, expectedMs } = decideRound(NOW, [found], accounts, calls, () => 1);
      const verdict = buckets.get('a')!;
      const room = roomOf(limits, found.level, NOW);
      const taken = calls.filter(({ id }) => granted.has(id));
      const largest = Math.max(0, ...taken.map(({ tokens }) => tokens));
      expect(taken.length).toBeLessThanOrEqual(Math.max(0, room.requests));
      expect(taken.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(
        Math.max(0, room.tokens) + largest,
      );
      expect(verdict.isContended).toBe(granted.size < calls.length);
      expect(verdict.isContended && verdict.lease.requests + verdict.lease.tokens > 0).toBe(false);
      const waits = calls.filter(({ id }) => !granted.has(id)).map(({ id }) => expectedMs.get(id)!);
      expect(Math.min(Infinity, ...waits)).toBeGreaterThan(0);
      expect(verdict.nextMs).toBe(waits.length === 0 ? undefined : Math.min(...waits));
    }),
  );
});

test('what is foreseen is right: at that time the call has room', () => {
  const calls = [call(1, 'x', 4000), call(2, 'y', 3000), call(3, 'x', 2000)];
  const { expectedMs, buckets } = decideRound(NOW, [bucket('a', { tpm: 60_000 }, 1000)], new Map(), calls, () => 1);
  expect([...expectedMs.values()].map((ms) => Math.round(ms / 10) * 10)).toEqual([3000, 6000, 8000]);
  const { level } = buckets.get('a')!;
  expect(waitFor({ tpm: 60_000 }, level, { requests: 1, tokens: 4000 }, NOW + 3000)).toBe(0);
});

test('a tenant whose own limit is used up holds up nobody', () => {
  const calls = [call(1, 'x', 100, 'x only'), call(2, 'y', 100), call(3, 'y', 100)];
  const both = [bucket('a', { tpm: 60_000 }), bucket('x only', { rpm: 60 }, 0)];
  const { granted, buckets } = decideRound(NOW, both, new Map(), calls, () => 1);
  expect([...granted].sort()).toEqual(['call 2', 'call 3']);
  expect(buckets.get('x only')!.isContended).toBe(true);
  expect(buckets.get('a')).toMatchObject({ isContended: false, isAwaited: true });
});

test('calls at the same time: those elsewhere count, and so do those granted now', () => {
  const calls = [call(1, 'x', 0), call(2, 'y', 0), call(3, 'x', 0)];
  const accounts = new Map([['a', { ...NOTHING, slotsInUse: 1 }]]);
  const { granted } = decideRound(NOW, [bucket('a', { concurrency: 4 }, 0, 1)], accounts, calls, () => 1);
  expect(granted.size).toBe(2);
  const full = decideRound(NOW, [bucket('a', { concurrency: 4 }, 0, 4)], new Map(), calls, () => 1);
  expect(full.granted.size).toBe(0);
  expect(full.buckets.get('a')!.nextMs).toBeUndefined();
});

test('what is returned is there for others at once, and a refusal stops all', () => {
  const calls = [call(1, 'x', 4000)];
  const empty = bucket('a', { tpm: 60_000 }, 0);
  const returning = new Map([['a', { ...NOTHING, returned: { requests: 0, tokens: 4000 } }]]);
  expect(decideRound(NOW, [empty], returning, calls, () => 1).granted.size).toBe(1);
  const refusing = new Map([['a', { ...NOTHING, returned: { requests: 0, tokens: 4000 }, refusals: [{}] }]]);
  expect(decideRound(NOW, [empty], refusing, calls, () => 1).granted.size).toBe(0);
});

test('a round with twenty thousand tenants does not hold up its process for long', () => {
  const calls = Array.from({ length: 20_000 }, (_, n) => call(n, `tenant ${n}`, 10));
  const startedAt = performance.now();
  const { granted } = decideRound(NOW, [bucket('a', { rpm: 600 })], new Map(), calls, () => 1);
  expect(granted.size).toBe(50);
  expect(performance.now() - startedAt).toBeLessThan(2000);
});
