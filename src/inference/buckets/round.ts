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
import {
  type KnownWait,
  type OwnWait,
  type Queue,
  type Queues,
  readQueues,
  saveRound,
  type WaitRow,
} from '../../store/bucket-rounds.ts';
import { type LockedBucket, lockBuckets } from '../../store/buckets.ts';

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

/** Room for a call. */
export interface Granted {
  /** How many tokens were taken for it. */
  tokens: number;
  /** The row that holds it until it is taken up. */
  rowId: string;
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
  /** The calls of this process that have got room. */
  granted: ReadonlyMap<string, Granted>;
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
  const locked = await lockBuckets(trx, [...request.accounts.keys()]);
  const read = (): Promise<Queues> => {
    const keys = locked.map(({ key }) => key);
    const waits = request.calls.map(({ wait }) => wait);
    return readQueues(trx, keys, waits, request.executorId, MOST_OF_A_LINE);
  };
  const isQueued = locked.some(({ hasWaits, limits }) => hasWaits || limits.concurrency !== undefined);
  let outcome = decide(request, locked, isQueued ? await read() : NO_QUEUES);
  // Where nobody waits, nothing is read; but whoever begins to wait has a priority, and perhaps somebody has begun just now.
  if (!isQueued && outcome.asking.some((each) => !hasRoom(each, outcome.verdict.granted)))
    outcome = decide(request, locked, await read());
  await save(trx, request, outcome);
  return answerFor(outcome);
}

interface Outcome {
  asking: readonly Asking[];
  lines: readonly WaitRow[];
  limitsOf: ReadonlyMap<string, BucketLimits>;
  verdict: Verdict;
}

const NO_QUEUES: Queues = { queues: [], lines: [], own: [] };

function decide(
  { accounts, calls, weightOf }: RoundRequest,
  locked: readonly LockedBucket[],
  { queues, lines, own }: Queues,
): Outcome {
  const now = Math.max(0, ...locked.map((bucket) => bucket.now));
  const known = new Map(own.map((each) => [each.callId, each]));
  const queueOf = new Map(queues.map((queue) => [queue.key, queue]));
  const limitsOf = new Map(locked.map(({ key, limits }) => [key, limits]));
  const asking = calls.map((call) => withKnown(call, known.get(call.wait.id), limitsOf, now));
  const entering = asking.filter((each) => each.known?.id === undefined).map(({ candidate }) => candidate);
  const buckets = locked.map((bucket) => roundBucket(bucket, queueOf.get(bucket.key)));
  const verdict = decideRound(now, buckets, accounts, [...lines, ...entering], weightOf);
  return { asking, lines, limitsOf, verdict };
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

function roundBucket({ key, limits, level, virtual }: LockedBucket, queue: Queue | undefined): RoundBucket {
  const { slotsElsewhere = 0, finishes = new Map<string, number>() } = queue ?? {};
  return { key, limits, level, virtual, slotsElsewhere, finishes };
}

function hasRoom({ known, candidate }: Asking, granted: ReadonlySet<string>): boolean {
  return known?.isGranted === true || granted.has(candidate.id);
}

function answerFor({ asking, lines, verdict }: Outcome): RoundAnswer {
  const { buckets, granted, expectedMs } = verdict;
  const ours = new Set(asking.map(({ candidate }) => candidate.id));
  const inLine = new Set(lines.map(({ id }) => id));
  const looked = new Set([...inLine, ...ours]);
  return {
    buckets,
    granted: new Map(
      asking
        .filter((each) => hasRoom(each, granted))
        .map(({ wait, known, candidate }) => [wait.id, { rowId: candidate.id, tokens: known?.tokens ?? wait.tokens }]),
    ),
    expectedMs: new Map(
      asking
        .filter((each) => !hasRoom(each, granted))
        .map(({ wait, known, candidate }) => {
          const isInSight = known?.id === undefined || inLine.has(candidate.id);
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
  { asking, lines, limitsOf, verdict: { buckets, granted } }: Outcome,
): Promise<void> {
  const here = asking.filter((each) => each.isHere && hasRoom(each, granted));
  const slotsHere = (key: string): number =>
    here.filter(({ wait }) => wait.bucket === key || wait.also === key).length + (accounts.get(key)?.slotsInUse ?? 0);
  const saved = [...buckets].map(([key, { level, virtual, finishes, lease }]) => {
    const isLimited = accounts.has(key) && limitsOf.get(key)?.concurrency !== undefined;
    return { key, level, virtual, finishes, slots: isLimited ? slotsHere(key) + lease.slots : undefined };
  });
  const takenUp = here.flatMap(({ known }) => known?.id ?? []);
  const isTakenUp = new Set(takenUp);
  const added = asking.filter((each) => each.known?.id === undefined && !(each.isHere && hasRoom(each, granted)));
  const waits = {
    granted: lines.map(({ id }) => id).filter((id) => granted.has(id) && !isTakenUp.has(id)),
    removed: [...removed, ...takenUp],
    added: added.map(({ wait, candidate, known }) => ({
      ...wait,
      place: candidate.place,
      priority: known?.priority ?? 0,
    })),
  };
  await saveRound(trx, saved, waits, executorId);
}
