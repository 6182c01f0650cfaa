// The limits of endpoints and tenants, kept together with all other processes: calls pay from what their process has in advance, and
// those for which there is not enough wait, in a fair order over all processes, for what comes in.

import type { Knex } from 'knex';
import type { Account as RoundAccount } from '../../core/bucket-round.ts';
import type { BucketLimits } from '../../core/bucket.ts';
import { type DeclaredBucket, declareBuckets } from '../../store/buckets.ts';
import type { CallEnd, CallScope, Gate, Passage, PlannedCall } from '../calls/call.ts';
import type { Endpoint } from '../registry/endpoint.ts';
import { Account, mostOf } from './account.ts';
import { LONGEST_IN_BODY_MS, spotOf, WaitingCalls } from './calls.ts';
import { feedbackOf, unusedOf } from './feedback.ts';
import { Keeper } from './keeper.ts';
import { KnownBuckets, type Limited } from './limits.ts';
import { makeRound, type RoundAnswer } from './round.ts';

export interface BucketsOptions {
  db: Knex;
  /** Of the lease of this process. */
  executorId: string;
  log: { warn(line: string): void };
  /** Has runs go on that wait in no process's memory. */
  wake: (runIds: readonly string[]) => void;
  /** Returns what the configuration has now that may have limits. */
  limited: () => Limited;
}

/** While calls wait in this process it looks about this often whether there is room. */
const SLOWEST_LOOK_MS = 80;
const FASTEST_LOOK_MS = 30;
/** While calls wait elsewhere, or in no memory at all. */
const LOOK_FOR_OTHERS_MS = 250;
/** What was got in advance and not used for so long is given back. */
const IDLE_MS = 1000;
const RETRY_MS = 500;

const UNLIMITED: BucketLimits = {};

export class Buckets implements Gate {
  readonly #options: BucketsOptions;
  readonly #accounts = new Map<string, Account>();
  readonly #calls = new WaitingCalls();
  readonly #keeper: Keeper;
  readonly #known = new KnownBuckets();
  #round: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #isWantedAgain = false;
  #isClosed = false;

  constructor(options: BucketsOptions) {
    this.#options = options;
    this.#keeper = new Keeper({
      ...options,
      configured: () => this.#configured(),
      waitedFor: (keys) => this.#waitedFor(keys),
    });
  }

  /** Begins to look after calls that wait in no process's memory. */
  start(): void {
    this.#keeper.start();
  }

  async enter(call: PlannedCall): Promise<Passage> {
    const tenant = call.scope.tenant || 'default';
    const found = this.#known.of(call.endpoint, tenant, this.#options.limited().tenants.get(tenant));
    const { bodies } = this.#calls;
    if (found.length === 0) {
      bodies.began(call.scope);
      return this.#passage(call.scope, [], 0);
    }
    const accounts = found.map((bucket) => this.#account(bucket));
    const [first, second] = accounts;
    const tokens = mostOf(accounts, call.estimate.inputTokens + first!.expectedOutput(call.estimate.outputTokens));
    if (accounts.every((account) => account.has(tokens))) {
      for (const account of accounts) account.take(tokens);
      bodies.began(call.scope);
      return this.#passage(call.scope, accounts, tokens);
    }
    const spot = spotOf(call.scope, first!.declared.key);
    const kept = this.#calls.takeKept(spot);
    if (kept !== undefined) {
      for (const account of accounts) account.begins(kept);
      bodies.began(call.scope);
      this.#lookWithin(FASTEST_LOOK_MS);
      return this.#passage(call.scope, accounts, kept);
    }
    const { runId, stepId } = call.scope;
    const wait = {
      id: call.id,
      bucket: first!.declared.key,
      also: second?.declared.key,
      tenant,
      tokens,
      runId: spot && runId,
      stepId: spot && stepId,
      ordinal: this.#calls.freeAt(spot),
    };
    const isContended = accounts.some((account) => account.isContended);
    const taken = await this.#calls.inBody(call, wait, () => this.#lookWithin(isContended ? FASTEST_LOOK_MS : 0));
    return this.#passage(call.scope, accounts, taken);
  }

  /** Returns in how many milliseconds a call of the endpoint may have room, as far as this process knows; 0 for now. */
  roomInMs(endpoint: Endpoint): number {
    const account = this.#accounts.get(`endpoint/${endpoint.name}`);
    if (!account?.isContended || this.#known.of(endpoint, '', undefined).length === 0) return 0;
    return Math.max(LONGEST_IN_BODY_MS, (account.nextAt ?? 0) - performance.now());
  }

  /** Gives back what this process has in advance. Calls that are under way are not waited for. */
  async close(): Promise<void> {
    this.#keeper.stop();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#round?.catch(() => {});
    await this.#makeRound(true).catch(() => {});
  }

  #passage(scope: CallScope, accounts: readonly Account[], tokens: number): Passage {
    return {
      ended: (end) => {
        if (end.kind === 'failed') this.#calls.bodies.failed(scope);
        if (accounts.length > 0) this.#ended(accounts, tokens, end);
      },
    };
  }

  #account(bucket: DeclaredBucket): Account {
    const known = this.#accounts.get(bucket.key);
    if (known?.declared.limits === bucket.limits) return known;
    if (known) {
      known.isDeclared = false;
      known.declared = bucket;
      return known;
    }
    const account = new Account(bucket);
    this.#accounts.set(bucket.key, account);
    return account;
  }

  /** Returns all that has limits now. Accounts learn of theirs, be it that they are gone, even when nobody calls. */
  #configured(): DeclaredBucket[] {
    const all = this.#known.all(this.#options.limited());
    const found = new Map(all.map((bucket) => [bucket.key, bucket]));
    for (const { declared } of this.#accounts.values())
      this.#account(found.get(declared.key) ?? { ...declared, limits: UNLIMITED });
    return all;
  }

  #ended(accounts: readonly Account[], tokens: number, end: CallEnd): void {
    const unused = unusedOf(end, tokens);
    for (const account of accounts) {
      account.ended(unused);
      // What a provider says is about the endpoint, not about the tenant.
      if (end.kind === 'answered') account.answeredWith(end.usage.outputTokens);
      if (account.declared.kind === 'endpoint') account.heard(feedbackOf(end, Date.now()));
      const isFree = account.isContended && account.limits.concurrency !== undefined;
      if (account.wasRefused || isFree) this.#lookWithin(0);
    }
    this.#lookWithin(IDLE_MS);
  }

  #waitedFor(keys: readonly string[]): void {
    const waitedFor = new Set(keys);
    for (const bucket of this.#known.all(this.#options.limited())) {
      if (!waitedFor.has(bucket.key)) continue;
      const account = this.#account(bucket);
      if (account.isAwaited) continue;
      account.isAwaited = true;
      this.#lookWithin(0);
    }
  }

  /** Makes a round within so many milliseconds. */
  #lookWithin(ms: number): void {
    if (this.#isClosed) return;
    const at = performance.now() + ms;
    if (at >= this.#dueAt) return;
    this.#dueAt = at;
    clearTimeout(this.#timer);
    const look = (): void => {
      this.#dueAt = Infinity;
      this.#look();
    };
    if (ms === 0) setImmediate(look);
    else this.#timer = setTimeout(look, ms).unref();
  }

  #look(): void {
    if (this.#isClosed) return;
    if (this.#round) return void (this.#isWantedAgain = true);
    this.#isWantedAgain = false;
    this.#round = this.#makeRound()
      .then(
        (isAgain) => this.#lookAgain(isAgain),
        (error: Error) => {
          this.#options.log.warn(`The limits of models could not be looked at, trying again: ${error.message}`);
          this.#round = undefined;
          this.#lookWithin(RETRY_MS);
        },
      )
      .finally(() => (this.#round = undefined));
  }

  #lookAgain(isAgain: boolean): void {
    this.#round = undefined;
    if (isAgain || this.#isWantedAgain) return this.#lookWithin(0);
    const accounts = [...this.#accounts.values()];
    if (this.#calls.size > 0) {
      const next = Math.min(...accounts.map(({ nextAt = Infinity }) => nextAt)) - performance.now();
      return this.#lookWithin(Math.min(SLOWEST_LOOK_MS, Math.max(FASTEST_LOOK_MS, next)));
    }
    if (accounts.some(({ isAwaited }) => isAwaited))
      return this.#lookWithin(LOOK_FOR_OTHERS_MS * (0.75 + Math.random() / 2));
    if (accounts.some(({ isDirty }) => isDirty)) this.#lookWithin(IDLE_MS);
  }

  /** Returns whether there is reason for another one at once. */
  async #makeRound(isLast = false): Promise<boolean> {
    const { db, executorId, limited } = this.#options;
    const wanted = this.#calls.keys();
    const accounts = [...this.#accounts.values()].filter(
      (account) => account.isDirty || account.isAwaited || wanted.has(account.declared.key),
    );
    const removed = [...this.#calls.removed];
    if (accounts.length === 0 && removed.length === 0) return false;
    await this.#declare(accounts);
    const asking = this.#calls.asking();
    const handed = new Map<string, RoundAccount>();
    for (const account of accounts) handed.set(account.declared.key, account.handOver(isLast));
    const { tenants } = limited();
    const weightOf = (name: string): number => tenants.get(name)?.weight ?? 1;
    const calls = asking.map(({ call }) => call);
    try {
      const answer = await makeRound(db, { executorId, accounts: handed, calls, removed, weightOf });
      this.#calls.forget(removed);
      this.#settle(accounts, answer);
      return this.#answer(asking, answer);
    } catch (error) {
      for (const account of accounts) account.keeps(handed.get(account.declared.key)!);
      throw error;
    }
  }

  async #declare(accounts: readonly Account[]): Promise<void> {
    const unknown = accounts.filter(({ isDeclared }) => !isDeclared);
    if (unknown.length === 0) return;
    // What changes meanwhile is declared the next time.
    for (const account of unknown) account.isDeclared = true;
    try {
      await declareBuckets(
        this.#options.db,
        unknown.map(({ declared }) => declared),
      );
    } catch (error) {
      for (const account of unknown) account.isDeclared = false;
      throw error;
    }
  }

  #settle(accounts: readonly Account[], { buckets }: RoundAnswer): void {
    for (const account of accounts) {
      const verdict = buckets.get(account.declared.key);
      // Somebody has removed its row.
      if (!verdict) account.isDeclared = false;
      account.isContended = verdict?.isContended ?? false;
      account.isAwaited = verdict?.isAwaited ?? false;
      account.nextAt = verdict?.nextMs === undefined ? undefined : performance.now() + verdict.nextMs;
      if (verdict) account.got(verdict.lease);
    }
  }

  #answer(asking: ReturnType<WaitingCalls['asking']>, answer: RoundAnswer): boolean {
    if (answer.wake.length > 0) this.#options.wake(answer.wake);
    for (const { waiter, call } of asking) {
      const { wait, isHere } = call;
      const granted = answer.granted.get(wait.id);
      if (!granted) continue;
      const accounts = [wait.bucket, ...(wait.also ? [wait.also] : [])].map((key) => this.#accounts.get(key)!);
      if (isHere) for (const account of accounts) account.begins(granted.tokens);
      if (this.#calls.isWanted(waiter)) waiter.granted(granted);
      // It was parked meanwhile.
      else if (!isHere) this.#options.wake([wait.runId!]);
      else for (const account of accounts) account.ended({ requests: 1, tokens: granted.tokens });
    }
    // Whoever is left without room stays where others of its body have got some.
    for (const { waiter, call } of asking)
      if (!answer.granted.has(call.wait.id)) waiter.foreseen(answer.expectedMs.get(call.wait.id) ?? 0);
    return answer.isCutOff;
  }
}
