// What one process has of one bucket: a little in advance, so that most calls need not ask the database.

import type { Account as RoundAccount } from '../../core/bucket-round.ts';
import type { BucketLimits, Portion, Refusal } from '../../core/bucket.ts';
import type { DeclaredBucket } from '../../store/buckets.ts';
import type { Feedback } from './feedback.ts';

/** A process asks for as much in advance as it used in this time. */
const AHEAD_MS = 1000;
/** How much of the present a look at the use of late consists of. */
const FRESH = 0.5;

/** Answers are mostly much shorter than they may be: after so many of them, this multiple of what they had is expected. */
const ENOUGH_ANSWERS = 5;
const EXPECTED_OUTPUT = 1.5;
/** How much of the mean the latest answer is. */
const LATEST = 0.05;

/** The part of a bucket that this process has. */
export class Account {
  declared: DeclaredBucket;
  /** Whether the database knows the bucket with these limits. */
  isDeclared = false;
  /** Whether calls wait for the bucket, as far as this process knows: then nothing is held in advance. */
  isContended = false;
  /** Whether calls wait in its queue for whatever: then it is looked at again and again. */
  isAwaited = false;
  /** When the next call that waits will have room, by `performance.now()`. */
  nextAt: number | undefined;
  #lease = { requests: 0, tokens: 0, slots: 0 };
  #slotsInUse = 0;
  #refusals: Refusal[] = [];
  #left: RoundAccount['left'] = {};
  /** Since the last round, and a second of late. */
  #used: Portion = { requests: 0, tokens: 0 };
  #perMs: Portion = { requests: 0, tokens: 0 };
  #lookedAt = performance.now();
  #answers = 0;
  #meanOutput = 0;

  constructor(declared: DeclaredBucket) {
    this.declared = declared;
  }

  get limits(): BucketLimits {
    return this.declared.limits;
  }

  /** Whether there is something to be told, or to be given back. */
  get isDirty(): boolean {
    const { requests, tokens, slots } = this.#lease;
    const isTold = this.#refusals.length > 0 || this.#left.requests !== undefined || this.#left.tokens !== undefined;
    return requests !== 0 || tokens !== 0 || slots !== 0 || isTold;
  }

  /** Whether the bucket's provider has refused a call since the last round. */
  get wasRefused(): boolean {
    return this.#refusals.length > 0;
  }

  /** Whether a call of so many tokens can be made with what is here. */
  has(tokens: number): boolean {
    const { limits } = this;
    const lease = this.#lease;
    return (
      !this.isContended &&
      this.#refusals.length === 0 &&
      (limits.rpm === undefined || lease.requests >= 1) &&
      (limits.tpm === undefined || lease.tokens >= tokens) &&
      (limits.concurrency === undefined || lease.slots >= 1)
    );
  }

  /** A call begins that is paid from what is here. */
  take(tokens: number): void {
    const { limits } = this;
    if (limits.rpm !== undefined) this.#lease.requests -= 1;
    if (limits.tpm !== undefined) this.#lease.tokens -= tokens;
    if (limits.concurrency !== undefined) this.#lease.slots -= 1;
    this.begins(tokens);
  }

  /** A call begins that was granted by a round. */
  begins(tokens: number): void {
    this.#slotsInUse += 1;
    this.#used.requests += 1;
    this.#used.tokens += tokens;
  }

  /** Returns how many tokens an answer is expected to have that may have up to `most`. */
  expectedOutput(most: number): number {
    return this.#answers < ENOUGH_ANSWERS ? most : Math.min(most, Math.ceil(this.#meanOutput * EXPECTED_OUTPUT));
  }

  /** An answer had so many tokens. */
  answeredWith(tokens: number): void {
    this.#answers += 1;
    this.#meanOutput += (tokens - this.#meanOutput) * Math.max(LATEST, 1 / this.#answers);
  }

  /** A call has ended. `back` is what it took and did not use; below 0 when it used more. */
  ended(back: Portion): void {
    const { limits } = this;
    this.#slotsInUse -= 1;
    if (limits.concurrency !== undefined) this.#lease.slots += 1;
    if (limits.rpm !== undefined) this.#lease.requests += back.requests;
    if (limits.tpm !== undefined) this.#lease.tokens += back.tokens;
  }

  /** The provider has said something about its limits. */
  heard({ refusal, left }: Feedback): void {
    if (refusal) this.#refusals.push(refusal);
    for (const kind of ['requests', 'tokens'] as const) {
      const least = Math.min(this.#left[kind] ?? Infinity, left[kind] ?? Infinity);
      if (least !== Infinity) this.#left[kind] = least;
    }
  }

  /** Hands over everything for a round; until `got`, calls cannot be paid from here. For the last one nothing more is wanted. */
  handOver(isLast: boolean): RoundAccount {
    const elapsed = Math.max(1, performance.now() - this.#lookedAt);
    const isIdle = isLast || this.#used.requests === 0;
    for (const kind of ['requests', 'tokens'] as const)
      this.#perMs[kind] = isIdle ? 0 : this.#perMs[kind] + FRESH * (this.#used[kind] / elapsed - this.#perMs[kind]);
    const { requests, tokens } = this.#lease;
    const wanted = { requests: this.#perMs.requests * AHEAD_MS, tokens: this.#perMs.tokens * AHEAD_MS };
    const told = { refusals: this.#refusals, left: this.#left, slotsInUse: this.#slotsInUse };
    this.#used = { requests: 0, tokens: 0 };
    this.#lookedAt = performance.now();
    this.#lease = { requests: 0, tokens: 0, slots: 0 };
    this.#refusals = [];
    this.#left = {};
    return { ...told, returned: { requests, tokens }, wanted };
  }

  /** A round was made: this is here from now on. */
  got({ requests, tokens, slots }: Portion & { slots: number }): void {
    this.#lease.requests += requests;
    this.#lease.tokens += tokens;
    this.#lease.slots += slots;
  }

  /** A round has failed: what was handed over for it is here again. */
  keeps({ returned, refusals, left }: RoundAccount): void {
    this.got({ ...returned, slots: 0 });
    this.#refusals.push(...refusals);
    this.heard({ left });
  }
}

/**
 * Returns how many tokens are taken for a call that may use so many: of what nobody can use within a minute no more is taken in advance,
 * or the bucket would be closed for hours, and stay closed when the process dies.
 */
export function mostOf(accounts: readonly Account[], tokens: number): number {
  const most = Math.max(0, ...accounts.map(({ limits }) => limits.tpm ?? 0));
  return most > 0 ? Math.min(tokens, most) : tokens;
}
