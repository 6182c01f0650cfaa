// One round at a set of buckets: what comes back, who of those that wait gets room, and what a process gets in advance. Nothing in it
// looks at a clock or a database.

import {
  atMost,
  type BucketLevel,
  type BucketLimits,
  costOf,
  type Portion,
  refused,
  type Refusal,
  roomOf,
  taken,
  waitFor,
} from './bucket.ts';
import { type Flow, Turns } from './fairness.ts';

/** A bucket as the round finds it. */
export interface RoundBucket {
  key: string;
  limits: BucketLimits;
  level: BucketLevel;
  /** How many of the calls at the same time are allotted elsewhere, or granted and not taken up. */
  slotsElsewhere: number;
  /** How far the fair queue has come, and each tenant in it. */
  virtual: number;
  finishes: ReadonlyMap<string, number>;
}

/** A call that waits. */
export interface WaitingCall {
  id: string;
  bucket: string;
  also: string | undefined;
  tenant: string;
  tokens: number;
  place: number;
}

/** What the process that makes the round has to say about a bucket. */
export interface Account {
  /** What it gives back of what it got in advance; below 0 when it has used more. */
  returned: Portion;
  /** How many of its calls are under way. */
  slotsInUse: number;
  /** What it would like to have in advance. */
  wanted: Portion;
  refusals: readonly Refusal[];
  /** What the provider said was left. */
  left: { requests?: number | undefined; tokens?: number | undefined };
}

/** What becomes of a bucket. */
export interface BucketVerdict {
  level: BucketLevel;
  virtual: number;
  finishes: ReadonlyMap<string, number>;
  /** What the process gets in advance where there is a limit; `slots` is beyond the calls that are under way or granted here. */
  lease: Portion & { slots: number };
  /** Whether calls still wait for it: then nothing is given in advance. */
  isContended: boolean;
  /** Whether calls still wait in its queue, be it only for their second bucket. */
  isAwaited: boolean;
  /** How long it takes until the next one fits; undefined where nobody waits, or nobody can tell. */
  nextMs: number | undefined;
}

export interface RoundVerdict {
  buckets: ReadonlyMap<string, BucketVerdict>;
  /** The calls that have got room. */
  granted: ReadonlySet<string>;
  /** In how many milliseconds others are expected to get it, as far as that can be told. */
  expectedMs: ReadonlyMap<string, number>;
}

/** Of what is left when nobody waits, a process gets this part at most: others may come. */
const LEASED_PART = 0.5;

interface Work {
  bucket: RoundBucket;
  account: Account | undefined;
  level: BucketLevel;
  slotsTaken: number;
  virtual: number;
  finishes: ReadonlyMap<string, number>;
  isContended: boolean;
  isAwaited: boolean;
  nextMs: number | undefined;
}

/**
 * Returns what becomes of `buckets`, of which all have been locked. `waiting` are the calls that wait, as far ahead in their tenants'
 * lines as matters; `weightOf` says how much a tenant gets in comparison with others.
 */
export function decideRound(
  now: number,
  buckets: readonly RoundBucket[],
  accounts: ReadonlyMap<string, Account>,
  waiting: readonly WaitingCall[],
  weightOf: (tenant: string) => number,
): RoundVerdict {
  const works = new Map(buckets.map((bucket) => [bucket.key, workOf(bucket, accounts.get(bucket.key), now)]));
  const granted = new Set<string>();
  const expectedMs = new Map<string, number>();
  for (const work of works.values()) {
    const flows = flowsOf(work, waiting, weightOf);
    if (flows.size > 0) serve(now, work, works, flows, granted, expectedMs);
  }
  // Who waits for a second bucket keeps it from being handed out in advance.
  for (const { id, also } of waiting) {
    const second = also === undefined ? undefined : works.get(also);
    if (second && !granted.has(id)) second.isContended = true;
  }
  return { buckets: new Map([...works].map(([key, work]) => [key, verdictOf(work, now)])), granted, expectedMs };
}

function workOf(bucket: RoundBucket, account: Account | undefined, now: number): Work {
  const { limits, virtual, finishes } = bucket;
  let { level } = bucket;
  if (account) {
    const { requests, tokens } = account.returned;
    level = taken(limits, level, { requests: -requests, tokens: -tokens }, now);
    level = atMost(limits, level, account.left, now);
    for (const refusal of account.refusals) level = refused(level, refusal, now);
  }
  const slotsTaken = bucket.slotsElsewhere + (account?.slotsInUse ?? 0);
  return {
    bucket,
    account,
    level,
    slotsTaken,
    virtual,
    finishes,
    isContended: false,
    isAwaited: false,
    nextMs: undefined,
  };
}

function flowsOf(
  { bucket, finishes }: Work,
  waiting: readonly WaitingCall[],
  weightOf: (tenant: string) => number,
): Map<string, Flow<WaitingCall>> {
  const ours = waiting.filter((call) => call.bucket === bucket.key);
  const lines = Map.groupBy(ours, ({ tenant }) => tenant);
  return new Map(
    [...lines].map(([tenant, line]) => {
      line.sort((a, b) => a.place - b.place || (a.id < b.id ? -1 : 1));
      return [tenant, { weight: weightOf(tenant), finish: finishes.get(tenant), waiting: line }];
    }),
  );
}

/** Serves in turn for as long as there is room. The first one that does not fit keeps what is there, or large calls would wait for ever. */
function serve(
  now: number,
  work: Work,
  works: ReadonlyMap<string, Work>,
  flows: ReadonlyMap<string, Flow<WaitingCall>>,
  granted: Set<string>,
  expectedMs: Map<string, number>,
): void {
  const { limits } = work.bucket;
  const turns = new Turns<WaitingCall>(work.virtual, flows, (call) => costOf(limits, portionOf(call)));
  for (let turn = turns.next(); turn; turn = turns.next()) {
    const { item } = turn;
    const portion = portionOf(item);
    const second = item.also === undefined ? undefined : works.get(item.also);
    if (item.also !== undefined && (!second || waitFor(second.bucket.limits, second.level, portion, now) > 0)) {
      turns.leaves();
      work.isAwaited = true;
      continue;
    }
    if (isFull(work) || waitFor(limits, work.level, portion, now) > 0) break;
    for (const each of second ? [work, second] : [work]) {
      each.level = taken(each.bucket.limits, each.level, portion, now);
      each.slotsTaken += 1;
    }
    granted.add(item.id);
    turns.served();
  }
  work.virtual = turns.virtual;
  work.finishes = turns.finishes();
  if (!turns.next()) return;
  work.isContended = true;
  work.isAwaited = true;
  if (!isFull(work)) foresee(now, work, turns, expectedMs);
}

/** Goes on in turn as if there were room, to tell when there will be. */
function foresee(now: number, work: Work, turns: Turns<WaitingCall>, expectedMs: Map<string, number>): void {
  const { limits } = work.bucket;
  let { level } = work;
  for (let turn = turns.next(); turn; turn = turns.next()) {
    const portion = portionOf(turn.item);
    const wait = waitFor(limits, level, portion, now);
    work.nextMs ??= wait;
    expectedMs.set(turn.item.id, wait);
    level = taken(limits, level, portion, now);
    turns.served();
  }
}

function isFull({ bucket, slotsTaken }: Work): boolean {
  return bucket.limits.concurrency !== undefined && slotsTaken >= bucket.limits.concurrency;
}

function portionOf({ tokens }: WaitingCall): Portion {
  return { requests: 1, tokens };
}

function verdictOf(work: Work, now: number): BucketVerdict {
  const { bucket, account, virtual, finishes, isContended, isAwaited, nextMs } = work;
  const lease = account && !isContended ? leaseOf(work, account, now) : { requests: 0, tokens: 0, slots: 0 };
  const level = taken(bucket.limits, work.level, lease, now);
  return { level, virtual, finishes, lease, isContended, isAwaited, nextMs };
}

function leaseOf({ bucket, level, slotsTaken }: Work, { wanted }: Account, now: number): Portion & { slots: number } {
  const { limits } = bucket;
  const room = roomOf(limits, level, now);
  const free = limits.concurrency === undefined ? Infinity : limits.concurrency - slotsTaken;
  return {
    requests: limits.rpm === undefined ? 0 : inAdvance(room.requests, wanted.requests),
    tokens: limits.tpm === undefined ? 0 : inAdvance(room.tokens, wanted.tokens),
    slots: limits.concurrency === undefined ? 0 : inAdvance(free, wanted.requests),
  };
}

function inAdvance(left: number, wish: number): number {
  return Math.floor(Math.max(0, Math.min(wish, left * LEASED_PART)));
}
