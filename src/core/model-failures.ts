// What follows when a model call fails, by the code of its failure: pure rules, told to people in docs/models.md.

import { HoldfastError, RetryableError } from './errors.ts';

export interface FailureRule {
  /** Whether another endpoint of the class may do better: it is asked within the same attempt. */
  elsewhere: boolean;
  /** Whether another attempt of the step may do better, where no endpoint is left. Otherwise the step fails with the code. */
  again: boolean;
  /**
   * What it says of the endpoint: `fails` counts against it, `broken` is enough to leave it alone, `works` is an answer of an endpoint
   * that is well, and `unknown` says nothing.
   */
  endpoint: 'fails' | 'broken' | 'works' | 'unknown';
}

const PASSING: FailureRule = { elsewhere: true, again: true, endpoint: 'fails' };
const MISCONFIGURED: FailureRule = { elsewhere: true, again: false, endpoint: 'broken' };
const REFUSED: FailureRule = { elsewhere: false, again: false, endpoint: 'works' };

/** Every code that a model call may fail with. */
export const MODEL_FAILURES = {
  model_rate_limited: PASSING,
  model_overloaded: PASSING,
  model_unavailable: PASSING,
  model_timeout: PASSING,
  model_output_invalid: PASSING,
  model_failed: PASSING,
  model_auth_failed: MISCONFIGURED,
  model_quota_exhausted: MISCONFIGURED,
  model_not_found: MISCONFIGURED,
  model_context_exceeded: REFUSED,
  model_content_filtered: REFUSED,
  model_refused: REFUSED,
  model_aborted: { elsewhere: false, again: true, endpoint: 'unknown' },
  // The step has waited for the endpoint in vain, and has no time left for another one.
  step_timeout: { elsewhere: false, again: true, endpoint: 'fails' },
} as const satisfies Record<string, FailureRule>;

export type ModelFailure = keyof typeof MODEL_FAILURES;

/** What holds for failures of a model that names its own codes. */
const OTHERS = { again: PASSING, never: { elsewhere: false, again: false, endpoint: 'unknown' } } as const;

/** Returns what follows `error`. */
export function ruleOf(error: HoldfastError): FailureRule {
  if (Object.hasOwn(MODEL_FAILURES, error.code)) return MODEL_FAILURES[error.code as ModelFailure];
  return error instanceof RetryableError ? OTHERS.again : OTHERS.never;
}

/** A call that an endpoint failed to answer. */
export interface Tried {
  endpoint: string;
  error: HoldfastError;
}

/**
 * Returns the error of a call that all endpoints of `tried` have failed to answer: the one of the preferred endpoint, unless only
 * another one's can be mended by another attempt. It asks to wait as little as any of those asks that can.
 */
export function errorOfAll(tried: readonly [Tried, ...Tried[]]): HoldfastError {
  if (tried.length === 1) return tried[0].error;
  const mendable = tried.map(({ error }) => error).filter((error) => error instanceof RetryableError);
  const failed = tried.map(({ endpoint, error }) => ({ endpoint, code: error.code }));
  const others = ` Of the class's endpoints, all that could be asked have failed: ${failed
    .map(({ endpoint, code }) => `${endpoint} (${code})`)
    .join(', ')}.`;
  const [first] = mendable;
  if (first === undefined) return withDetails(tried[0].error, others, failed);
  const waits = mendable.map(({ retryAfterMs }) => retryAfterMs ?? 0);
  return new RetryableError(first.code, first.message + others, {
    details: { ...(first.details as object | undefined), tried: failed },
    retryAfterMs: Math.min(...waits) || undefined,
    cause: first,
  });
}

function withDetails(error: HoldfastError, more: string, tried: readonly object[]): HoldfastError {
  const Kind = error.constructor as typeof HoldfastError;
  return new Kind(
    error.code,
    error.message + more,
    { ...(error.details as object | undefined), tried },
    { cause: error },
  );
}
