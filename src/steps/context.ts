// What a step's body may ask about itself while it runs.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { type AnswerCache, cachingOf } from '../core/answer-cache.ts';
import { HoldfastError } from '../core/errors.ts';
import type { WaitForRecovery } from '../core/wait-for-recovery.ts';
import type { WaitForRoom } from '../core/wait-for-room.ts';
import type { Fingerprint } from '../core/fingerprint.ts';
import type { CallScope } from '../inference/calls/call.ts';
import type { ModelSource } from '../inference/registry/registry.ts';
import { streamingModel } from '../inference/calls/streaming-model.ts';
import type { Settlement } from '../store/model-calls.ts';
import type { TokenStream } from './token-stream.ts';

/** The surroundings of one attempt of a step. */
export interface StepContext {
  /** The run that the step belongs to; undefined when the method was called outside of any run. */
  readonly runId: string | undefined;
  /** The step's number within the run. */
  readonly stepId: number | undefined;
  readonly name: string;
  /** 1 for the first attempt since this process took up the step. */
  readonly attempt: number;
  readonly tenant: string | undefined;
  /** Aborted when the attempt's time is up, or the run was cancelled. Give it to whatever the body waits for. */
  readonly signal: AbortSignal;
  /** The same over retries, crashes and failover of this step; undefined outside of a run. For the other side to recognise a repeat. */
  readonly idempotencyKey: string | undefined;
}

/** Has a call of a model settled in the commit of the step's checkpoint; false where that cannot be. */
export type Settle = (settlement: Settlement) => boolean;

/** What the step around a body does for the models that are called in it. */
export interface ModelCalls {
  settle: Settle;
  /** Where what they say goes; undefined where nobody can follow it. */
  tokens?: TokenStream | undefined;
  /** Told that a call has to wait for room. */
  waits?: ((reason: WaitForRoom | WaitForRecovery) => void) | undefined;
}

interface Surroundings extends ModelCalls {
  context: StepContext;
  models: ModelSource;
}

/** How a model is used. */
export interface ModelUse {
  /** Whether those who follow the run hear what the model says while it says it. */
  stream?: boolean;
  /** Has a question that was asked before answered by the earlier answer. */
  cache?: AnswerCache;
}

const current = new AsyncLocalStorage<Surroundings>();

/** Returns the surroundings of the step that the caller runs in. @throws HoldfastError `not_in_step` outside of a step's body */
export function stepContext(): StepContext {
  return surroundings('stepContext()').context;
}

/**
 * Returns the model that the class name `name` (`small`, `reasoning`, …) stands for in this process, for the AI SDK's functions.
 * Call it once in a step, with `maxRetries: 0`: retries are the step's. @throws HoldfastError `not_in_step` outside of a step's
 * body; InvalidInput `model_class_unknown`, `invalid_cache`
 */
export function model(name: string, use: ModelUse = {}): LanguageModelV4 {
  return agentModel(name, use, undefined);
}

/** Returns the model of a class for an agent that asks with this fingerprint; as `model()` otherwise. */
export function agentModel(
  name: string,
  { stream = false, cache }: ModelUse,
  fingerprint: Fingerprint | undefined,
): LanguageModelV4 {
  const { models, context, settle, tokens, waits } = surroundings('model()');
  const caching = cache && cachingOf(cache);
  const found = models.model(name, scopeOf(context, settle, { fingerprint, caching, waits }));
  return stream && tokens ? streamingModel(found, () => tokens.listen()) : found;
}

/** Returns where what models say in the caller's step goes; undefined where nobody can follow it. */
export function stepTokens(): TokenStream | undefined {
  return surroundings('stepTokens()').tokens;
}

function scopeOf(
  context: StepContext,
  settle: Settle,
  { fingerprint, caching, waits }: Pick<CallScope, 'fingerprint' | 'caching' | 'waits'>,
): CallScope {
  const { runId, stepId, name, attempt, tenant } = context;
  return {
    runId,
    stepId,
    step: name,
    attempt,
    tenant,
    get signal() {
      return context.signal;
    },
    fingerprint,
    caching,
    waits,
    settleWithStep: settle,
  };
}

/**
 * Runs `body` with `context` as what `stepContext()` returns in it, and `models` behind `model()`. Without `calls`, models are called
 * on behalf of the step around it.
 */
export function inStepContext<T>(
  context: StepContext,
  models: ModelSource,
  body: () => Promise<T>,
  calls: ModelCalls = current.getStore() ?? { settle: () => false },
): Promise<T> {
  const { settle, tokens, waits } = calls;
  return current.run({ context, models, settle, tokens, waits }, body);
}

function surroundings(caller: string): Surroundings {
  const found = current.getStore();
  if (found) return found;
  throw new HoldfastError('not_in_step', `${caller} was called outside the body of a @step method.`);
}
