// A step's way from call to checkpoint: attempts with a time limit each, pauses with jitter between them, one recorded outcome.

import { nextAttemptDelay, recoveryDelay, type RetryPolicy } from '../core/backoff.ts';
import { type Duration, toMilliseconds } from '../core/duration.ts';
import { RetryableError } from '../core/errors.ts';
import { errorRecord, isRecorded } from '../core/recorded-error.ts';
import { type WaitForRecovery, waitForRecoveryIn } from '../core/wait-for-recovery.ts';
import { type WaitForRoom, waitForRoomIn } from '../core/wait-for-room.ts';
import type { StepOptions } from '../define/operation.ts';
import type { Checkpoints, StepIdentity } from '../engine/checkpoint.ts';
import { insideWorkflow } from '../engine/verbs.ts';
import type { ModelSource } from '../inference/registry/registry.ts';
import { pause } from '../lib/pause.ts';
import { startTimer } from '../lib/timer.ts';
import type { Turnstile } from '../lib/turnstile.ts';
import type { FailedAttempt } from '../store/attempts.ts';
import { AttemptContext } from './attempt-context.ts';
import { inStepContext } from './context.ts';
import { StepTokens, type TokenWriter } from './token-writer.ts';

/** The longest pause between two attempts, unless the step's own `backoff.max` is longer. */
const LONGEST_PAUSE_MS = 60 * 60 * 1000;
/** What the timeline can hold: 24.8 days. */
const LONGEST_RECORDED_MS = 2 ** 31 - 1;

export interface StepRunner {
  checkpoints: Checkpoints;
  models: ModelSource;
  /** Writes what models say, for those who follow a run; without it nobody can. */
  tokens?: TokenWriter | undefined;
  /** Notes a failed attempt for the timeline; must not throw. */
  onFailedAttempt: (attempt: FailedAttempt) => Promise<void>;
  /** Called in the workflow's body with the error of a step: returns when people have decided that it may be called anew, or throws. */
  allow?: ((error: unknown) => Promise<void>) | undefined;
}

/** A call of a step's method. */
export interface StepCall {
  name: string;
  options: Pick<StepOptions, 'retries' | 'timeout'>;
  body: () => Promise<unknown>;
  /** Has only so many attempts of several calls run at a time in this process. Waiting does not count for the time limit. */
  places?: Turnstile | undefined;
  /**
   * Called after a failed attempt of a run: the call's result, where it is known in spite of the failure. The signal is aborted when the
   * run is cancelled.
   */
  settle?: (signal: () => AbortSignal) => Promise<Settled | undefined>;
  /** Called when there will be no further attempt; what it throws, or does not return from, takes the place of the error. */
  giveUp?: (error: unknown) => Promise<void>;
}

/** A result that was found out instead of returned. */
export interface Settled {
  value: unknown;
}

/** Runs the call durably in a workflow's body; anywhere else just with its attempts and its time limit. */
export async function runStep(runner: StepRunner, call: StepCall): Promise<unknown> {
  if (!insideWorkflow()) return runAttempts(runner, call, undefined);
  for (;;) {
    try {
      return await runRecorded(runner, call);
    } catch (error) {
      // What a tool has sent belongs to its step, and would be sent once more by another one.
      if (call.settle || !runner.allow || !isRecorded(error)) throw error;
      await runner.allow(error);
    }
  }
}

async function runRecorded(runner: StepRunner, call: StepCall): Promise<unknown> {
  const tokens = runner.tokens && new StepTokens(runner.tokens);
  try {
    const result = await runner.checkpoints.step(call.name, (identity) => runAttempts(runner, call, identity, tokens));
    tokens?.recorded();
    return result;
  } catch (error) {
    if (isRecorded(error)) tokens?.failed();
    throw error;
  }
}

async function runAttempts(
  runner: StepRunner,
  call: StepCall,
  identity: StepIdentity | undefined,
  tokens?: StepTokens,
): Promise<unknown> {
  const policy = call.options.retries ?? { attempts: 1 };
  const begun = { at: performance.now() };
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = new Date();
    try {
      return await attemptWithRoom(runner, call, attempt, identity, tokens, begun);
    } catch (error) {
      if (identity?.cancelled().aborted) throw error;
      const settled = identity && (await call.settle?.(() => identity.cancelled()));
      if (settled) return settled.value;
      const elapsedMs = performance.now() - begun.at;
      const recovery = waitForRecoveryIn(error);
      const again = recovery && recoveryDelay(policy, recovery, Math.random(), elapsedMs);
      const delay = bounded(again ?? nextAttemptDelay(policy, attempt, error, Math.random(), elapsedMs), policy);
      // Nobody was asked: that is nothing to tell.
      if (identity && (again === undefined || recovery?.wasAsked)) {
        const { code, message } = errorRecord(error);
        const retryInMs = delay === undefined ? null : Math.round(delay);
        const { runId, stepId } = identity;
        await runner.onFailedAttempt({ runId, stepId, step: call.name, attempt, startedAt, code, message, retryInMs });
      }
      if (delay === undefined) {
        await call.giveUp?.(error);
        throw error;
      }
      await untilNextAttempt(runner, delay, identity);
      if (again !== undefined) attempt -= 1;
    }
  }
}

/**
 * A body that would have to wait for room in the limits of a model is left, and called anew when there is some: that is no attempt, and not
 * its time.
 */
async function attemptWithRoom(
  runner: StepRunner,
  call: StepCall,
  attempt: number,
  identity: StepIdentity | undefined,
  tokens: StepTokens | undefined,
  begun: { at: number },
): Promise<unknown> {
  for (;;) {
    try {
      return await runAttempt(runner, call, attempt, identity, tokens);
    } catch (error) {
      const room = identity && waitForRoomIn(error);
      if (!room) throw error;
      const since = performance.now();
      await runner.checkpoints.waitForRoom(identity, room);
      begun.at += performance.now() - since;
    }
  }
}

/** Whoever asks us to wait does not hold a run in memory for as long as he likes. */
function bounded(delayMs: number | undefined, { backoff }: RetryPolicy): number | undefined {
  if (delayMs === undefined) return undefined;
  const longest = Math.max(LONGEST_PAUSE_MS, toMilliseconds(backoff?.max ?? 0));
  return Math.min(delayMs, longest, LONGEST_RECORDED_MS);
}

/** The watch for a cancellation looks once a second only, and a run may be taken over at any time. */
async function untilNextAttempt(
  runner: StepRunner,
  delayMs: number,
  identity: StepIdentity | undefined,
): Promise<void> {
  await pauseBetween(runner, delayMs, identity?.cancelled());
  await identity?.assertOurs();
}

/** Waits for the next attempt. A process that stops does not wait: the run goes on elsewhere, with this attempt still unrecorded. */
export async function pauseBetween(
  runner: StepRunner,
  delayMs: number,
  cancelled: AbortSignal | undefined,
): Promise<void> {
  if (!cancelled) return pause(delayMs);
  const { stopping } = runner.checkpoints;
  try {
    await pause(delayMs, AbortSignal.any([cancelled, stopping]));
  } catch (error) {
    if (stopping.aborted) return runner.checkpoints.abandon();
    throw error;
  }
}

async function runAttempt(
  runner: StepRunner,
  call: StepCall,
  attempt: number,
  identity: StepIdentity | undefined,
  stepTokens: StepTokens | undefined,
): Promise<unknown> {
  const leave = call.places && (await placeIn(call.places, runner, identity));
  const tokens = identity && stepTokens?.attempt(identity);
  let wanted: WaitForRoom | WaitForRecovery | undefined;
  const waits = (reason: WaitForRoom | WaitForRecovery): void => void (wanted = reason);
  const calls = identity && { settle: identity.settle, tokens, waits };
  try {
    const result = await withinTime(call.name, call.options.timeout, (expiry) =>
      inStepContext(new AttemptContext(call.name, attempt, identity, expiry), runner.models, call.body, calls),
    );
    if (tokens?.isUsed) await tokens.ended();
    return result;
  } catch (error) {
    tokens?.failed();
    // Streams of the AI SDK fail with an error of their own, which says nothing of its cause.
    throw wanted ?? error;
  } finally {
    leave?.();
  }
}

/** Runs one attempt of `name`. Its signal is aborted when its time is up. @throws RetryableError `step_timeout` then */
export function withinTime<T>(
  name: string,
  timeout: Duration | undefined,
  body: (expiry: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  return timeout === undefined ? body(undefined) : withinLimit(timeLimit(name, toMilliseconds(timeout)), body);
}

async function withinLimit<T>(limit: TimeLimit, body: (expiry: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await Promise.race([body(limit.signal), limit.expired]);
  } finally {
    limit.clear();
  }
}

/** A process that stops does not wait for a place, either. */
async function placeIn(places: Turnstile, runner: StepRunner, identity: StepIdentity | undefined): Promise<() => void> {
  const { stopping } = runner.checkpoints;
  try {
    return await places.enter(() => (identity ? AbortSignal.any([identity.cancelled(), stopping]) : stopping));
  } catch (error) {
    if (identity && stopping.aborted) return runner.checkpoints.abandon();
    throw error;
  }
}

interface TimeLimit {
  signal: AbortSignal;
  /** Rejects when the time is up. */
  expired: Promise<never>;
  clear(): void;
}

function timeLimit(name: string, ms: number): TimeLimit {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const clear = startTimer(ms, () => {
    const error = new RetryableError('step_timeout', `An attempt of ${name} took longer than its limit of ${ms} ms.`);
    controller.abort(error);
    reject(error);
  });
  return { signal: controller.signal, expired: promise, clear };
}
