// A round at the database: everything that one process has to say and to ask about buckets, in one short transaction.

import type { Knex } from 'knex';
import {
  type Account,
  type BucketVerdict,
  decideRound,
  type RoundBucket,
  type WaitingCall,
} from '../../core/bucket-round.ts';
import { type BucketLimits, costOf } from '../../core/bucket.ts';
import { placeOf } from '../../core/fairness.ts';
import { type KnownWait, type OwnWait, readLines, readOwn, saveWaits, type WaitRow } from '../../store/bucket-waits.ts';
import { type LockedBucket, lockBuckets, readQueues, saveBuckets } from '../../store/buckets.ts';

/** Of each tenant's line so many are looked at in a round. */
const MOST_OF_A_LINE = 100;

/** What is asked for; its place in the line is told by the database's clock. */
export type AskingWait = Omit<OwnWait, 'place'>;

/** A call that waits in this process. */
export interface AskingCall {
  wait: AskingWait;
  /** For how many milliseconds already. */
  waitedMs: number;
  /** Whether it takes its room up at once; else it is granted, and taken up later. */
  isHere: boolean;
}

export interface RoundRequest {
  executorId: string;
  accounts: ReadonlyMap<string, Account>;
  calls: readonly AskingCall[];
  /** Rows of calls that took up their room, or are not to be made any more. */
  removed: readonly string[];
  weightOf: (tenant: string) => number;
}

export interface RoundAnswer {
  buckets: ReadonlyMap<string, BucketVerdict>;
  /** The rows of calls of this process that have got room; undefined for one that has no row. */
  granted: ReadonlyMap<string, string | undefined>;
  /** In how many milliseconds calls of this process are expected to get room; `Infinity` for one that is far back in its line. */
  expectedMs: ReadonlyMap<string, number | undefined>;
  /** Runs elsewhere whose calls have got room. */
  wake: readonly string[];
  /** Whether the round gave out all that it looked at: there may be more to give. */
  isCutOff: boolean;
}

/** What is known of a call of this process in the round. */
interface Asking extends AskingCall {
  known: KnownWait | undefined;
  candidate: WaitingCall;
}

/** Makes a round. @throws what the database throws; then nothing has changed, unless the connection was lost */
export function makeRound(db: Knex, request: RoundRequest): Promise<RoundAnswer> {
  return db.transaction((trx) => roundIn(trx, request));
}

async function roundIn(trx: Knex.Transaction, request: RoundRequest): Promise<RoundAnswer> {
  const { accounts, calls, executorId, weightOf } = request;
  const locked = await lockBuckets(trx, [...accounts.keys()]);
  const now = Math.max(0, ...locked.map((bucket) => bucket.now));
  const isQueued = locked.some(({ hasWaits, limits }) => hasWaits || limits.concurrency !== undefined);
  const keys = locked.map(({ key }) => key);
  const queues = isQueued ? await readQueues(trx, keys, executorId) : undefined;
  const lines = isQueued ? await readLines(trx, keys, MOST_OF_A_LINE) : [];
  const knownBefore = isQueued ? await knownOf(trx, calls) : new Map<string, KnownWait>();
  const limitsOf = new Map(locked.map(({ key, limits }) => [key, limits]));
  const asking = calls.map((call) => withKnown(call, knownBefore.get(call.wait.id), limitsOf, now));
  const candidates = [...lines, ...asking.filter(({ known: mine }) => mine?.id === undefined).map((a) => a.candidate)];
  const buckets = locked.map((bucket) => roundBucket(bucket, queues));
  const verdict = decideRound(now, buckets, accounts, candidates, weightOf);
  const left = asking.filter((each) => !each.known && !hasRoom(each, verdict.granted));
  // Nobody waited before: only now the priorities matter.
  const entering = isQueued ? new Map<string, KnownWait>() : await knownOf(trx, left);
  const placed = asking.map((each) => {
    const known = entering.get(each.wait.id);
    return known ? withKnown(each, known, limitsOf, now) : each;
  });
  await save(trx, request, placed, lines, verdict, limitsOf);
  return answerFor(asking, lines, verdict);
}

async function knownOf(trx: Knex.Transaction, calls: readonly AskingCall[]): Promise<Map<string, KnownWait>> {
  const rows = await readOwn(
    trx,
    calls.map(({ wait }) => wait),
  );
  return new Map(rows.map((each) => [each.callId, each]));
}

function withKnown(
  call: AskingCall,
  known: KnownWait | undefined,
  limitsOf: ReadonlyMap<string, BucketLimits>,
  now: number,
): Asking {
  const { wait, waitedMs } = call;
  const cost = costOf(limitsOf.get(wait.bucket) ?? {}, { requests: 1, tokens: wait.tokens });
  const place = placeOf(now - waitedMs, known?.priority ?? 0, cost);
  return { ...call, known, candidate: { ...wait, id: known?.id ?? wait.id, place } };
}

type Verdict = ReturnType<typeof decideRound>;

function roundBucket(
  { key, limits, level, virtual }: LockedBucket,
  queues: Awaited<ReturnType<typeof readQueues>> | undefined,
): RoundBucket {
  const { slotsElsewhere = 0, finishes = new Map<string, number>() } = queues?.get(key) ?? {};
  return { key, limits, level, virtual, slotsElsewhere, finishes };
}

function hasRoom({ known, candidate }: Asking, granted: ReadonlySet<string>): boolean {
  return known?.isGranted === true || granted.has(candidate.id);
}

function answerFor(asking: readonly Asking[], lines: readonly WaitRow[], verdict: Verdict): RoundAnswer {
  const { buckets, granted, expectedMs } = verdict;
  const ours = new Set(asking.map(({ candidate }) => candidate.id));
  const looked = new Set([...lines.map(({ id }) => id), ...ours]);
  return {
    buckets,
    granted: new Map(
      asking
        .filter((each) => hasRoom(each, granted))
        .map(({ wait, known, candidate, isHere }) => [wait.id, isHere && !known?.id ? undefined : candidate.id]),
    ),
    expectedMs: new Map(
      asking
        .filter((each) => !hasRoom(each, granted))
        .map(({ wait, known, candidate }) => {
          const isInSight = known?.id === undefined || lines.some(({ id }) => id === candidate.id);
          return [wait.id, isInSight ? expectedMs.get(candidate.id) : Infinity];
        }),
    ),
    wake: [...new Set(lines.filter(({ id }) => granted.has(id) && !ours.has(id)).flatMap(({ runId }) => runId ?? []))],
    isCutOff: granted.size >= MOST_OF_A_LINE && granted.size === looked.size,
  };
}

async function save(
  trx: Knex.Transaction,
  { executorId, accounts, removed }: RoundRequest,
  asking: readonly Asking[],
  lines: readonly WaitRow[],
  { buckets, granted }: Verdict,
  limitsOf: ReadonlyMap<string, BucketLimits>,
): Promise<void> {
  const here = asking.filter((each) => each.isHere && hasRoom(each, granted));
  const heldSlots = (key: string): number =>
    here.filter(({ wait }) => wait.bucket === key || wait.also === key).length + (accounts.get(key)?.slotsInUse ?? 0);
  const saved = [...buckets].map(([key, { level, virtual, finishes, lease }]) => {
    const isLimited = accounts.has(key) && limitsOf.get(key)?.concurrency !== undefined;
    const slots = isLimited ? heldSlots(key) + lease.slots : undefined;
    return { key, level, virtual, finishes, slots };
  });
  const takenUp = here.flatMap(({ known }) => known?.id ?? []);
  const isTakenUp = new Set(takenUp);
  const added = asking.filter((each) => each.known?.id === undefined && !(each.isHere && hasRoom(each, granted)));
  await saveBuckets(trx, saved, executorId);
  const waits = {
    granted: lines.map(({ id }) => id).filter((id) => granted.has(id) && !isTakenUp.has(id)),
    removed: [...removed, ...takenUp],
    added: added.map(({ wait, candidate }) => ({ ...wait, place: candidate.place })),
  };
  const priorities = new Map(added.map(({ wait, known }) => [wait.id, known?.priority ?? 0]));
  await saveWaits(trx, waits, executorId, priorities);
}
