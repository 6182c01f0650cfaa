// One call of an endpoint: its time, and who is told how it ended.

import { APICallError, type LanguageModelV4CallOptions, type LanguageModelV4Usage } from '@ai-sdk/provider';
import { HoldfastError, RetryableError } from '../../core/errors.ts';
import { ruleOf } from '../../core/model-failures.ts';
import { startTimer } from '../../lib/timer.ts';
import type { Admission } from '../routing/breakers.ts';
import type { CallEnd, Passage, PlannedCall } from './call.ts';
import { classifyModelError } from '../errors/errors.ts';
import type { LastAnswers } from '../routing/last-answers.ts';
import { callUsage } from './usage.ts';

/** What a call was let through by. */
export interface Admitted {
  admission: Admission;
  passages: readonly Passage[];
}

type Headers = Record<string, string> | undefined;

export class EndpointCall {
  readonly planned: PlannedCall;
  readonly options: LanguageModelV4CallOptions;
  readonly #lasts: LastAnswers;
  readonly #admitted: Admitted;
  readonly #caller: AbortSignal | undefined;
  readonly #late = Promise.withResolvers<never>();
  #expired: RetryableError | undefined;
  #stopTimer = (): void => {};
  #hasEnded = false;

  constructor(lasts: LastAnswers, planned: PlannedCall, admitted: Admitted, options: LanguageModelV4CallOptions) {
    const { name, modelId, limits } = planned.endpoint;
    const { timeoutMs } = limits;
    this.#lasts = lasts;
    this.planned = planned;
    this.#admitted = admitted;
    this.#caller = options.abortSignal;
    this.options = bounded(options, admitted.passages);
    this.#late.promise.catch(() => {});
    if (timeoutMs === undefined) return;
    const controller = new AbortController();
    this.#stopTimer = startTimer(timeoutMs, () => {
      this.#expired = new RetryableError(
        'model_timeout',
        `The endpoint ${name} did not answer within its time of ${timeoutMs} ms.`,
        { details: { endpoint: name, model: modelId } },
      );
      controller.abort(this.#expired);
      this.#late.reject(this.#expired);
      // Nobody may be listening: a stream that is not read says nothing of its end.
      this.failed(this.#expired);
    });
    const signals = [controller.signal, ...(options.abortSignal ? [options.abortSignal] : [])];
    this.options = { ...this.options, abortSignal: AbortSignal.any(signals) };
  }

  /** Settles as `answer` does, or fails when the time is up: a model need not listen to its signal. */
  within<T>(answer: PromiseLike<T>): Promise<T> {
    return Promise.race([answer, this.#late.promise]);
  }

  /** The call was answered. `outputTokens` is an estimate, for providers that do not count. */
  answered(usage: LanguageModelV4Usage | undefined, outputTokens: number, headers: Headers): void {
    const { endpoint, estimate, scope } = this.planned;
    const used = callUsage(usage, { inputTokens: estimate.inputTokens, outputTokens });
    this.#end({ kind: 'answered', usage: used, headers }, () => {
      const now = Date.now();
      endpoint.health.succeeded(now);
      this.#admitted.admission.worked();
      this.#lasts.answered(scope.runId, this.planned.class, endpoint.name, now);
    });
  }

  /**
   * Counts the failure, unless the call has ended before. Returns the error to throw: without the provider's own words, which may quote the
   * key or the prompt; what the caller gave up with is his own.
   */
  failed(error: unknown): unknown {
    const { endpoint, scope } = this.planned;
    if (this.#isGivenUp()) {
      this.left();
      return error;
    }
    const { modelId, baseUrl, name } = endpoint;
    const about = { model: modelId, ...(baseUrl && { endpoint: baseUrl }) };
    const classified = classifyModelError(this.#expired ?? error, about);
    const headers = APICallError.isInstance(error) ? error.responseHeaders : undefined;
    this.#end({ kind: 'failed', error: classified, headers }, () => {
      const now = Date.now();
      endpoint.health.failed(classified.code, now);
      const retryAfterMs = classified instanceof RetryableError ? classified.retryAfterMs : undefined;
      this.#admitted.admission.failed(ruleOf(classified).endpoint, classified.code, retryAfterMs);
      this.#lasts.failed(scope.runId, this.planned.class, name, now);
    });
    return classified;
  }

  /** Nobody waits for the answer any more: that is no failure of the endpoint. */
  left(): void {
    const error = new HoldfastError('model_aborted', 'The caller did not wait for the end of the answer.');
    this.#end({ kind: 'failed', error }, () => this.#admitted.admission.left());
  }

  #end(end: CallEnd, count: () => void): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopTimer();
    count();
    for (const passage of this.#admitted.passages.toReversed()) passage.ended(end);
  }

  /** A step whose time is up has waited for the endpoint: that is no wish of the caller. */
  #isGivenUp(): boolean {
    return this.#caller?.aborted === true && !(this.#caller.reason instanceof RetryableError);
  }
}

/** Returns `options` with an answer no longer than those have counted on that let the call through. */
function bounded(options: LanguageModelV4CallOptions, passages: readonly Passage[]): LanguageModelV4CallOptions {
  const most = Math.min(
    options.maxOutputTokens ?? Infinity,
    ...passages.map((passage) => passage.maxOutputTokens ?? Infinity),
  );
  return Number.isFinite(most) ? { ...options, maxOutputTokens: most } : options;
}
