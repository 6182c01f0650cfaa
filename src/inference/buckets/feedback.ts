// What an answer says about the limits of its provider.

import type { Portion, Refusal } from '../../core/bucket.ts';
import { RetryableError, TerminalError } from '../../core/errors.ts';
import type { CallEnd } from '../calls/call.ts';
import { retryAfterMs } from '../errors/retry-after.ts';

export interface Feedback {
  /** The provider wants fewer calls. */
  refusal?: Refusal | undefined;
  /** What it says is left of its own. */
  left: { requests?: number | undefined; tokens?: number | undefined };
}

type Headers = Readonly<Record<string, string>>;

/** What providers call the same thing; the first is OpenAI's, and most use that. */
const LEFT = {
  requests: ['x-ratelimit-remaining-requests', 'anthropic-ratelimit-requests-remaining'],
  tokens: ['x-ratelimit-remaining-tokens', 'anthropic-ratelimit-tokens-remaining'],
};

/** Returns what the end of a call says about limits; `now` is in milliseconds since 1970. */
export function feedbackOf(end: CallEnd, now: number): Feedback {
  const headers = end.headers ?? {};
  const left = { requests: count(headers, LEFT.requests), tokens: count(headers, LEFT.tokens) };
  if (end.kind === 'answered' || end.error.code !== 'model_rate_limited') return { left };
  const told = end.error instanceof RetryableError ? end.error.retryAfterMs : undefined;
  return { left, refusal: { retryAfterMs: told ?? retryAfterMs(headers, now) } };
}

/**
 * Returns what a call that took `tokens` did not use. One that failed before anything was sent gives back all; a request that was sent
 * counts, and its tokens where the model may have read them.
 */
export function unusedOf(end: CallEnd, tokens: number): Portion {
  if (end.kind === 'answered') return { requests: 0, tokens: tokens - end.usage.inputTokens - end.usage.outputTokens };
  const { code } = end.error;
  // Whatever comes of asking an endpoint says whether it may be asked again; other errors come before.
  const wasSent = end.error instanceof RetryableError || end.error instanceof TerminalError;
  if (!wasSent || !code.startsWith('model_')) return { requests: 1, tokens };
  const wasRead = code === 'model_timeout' || code === 'model_aborted' || code === 'model_output_invalid';
  return { requests: 0, tokens: wasRead ? 0 : tokens };
}

function count(headers: Headers, names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  }
  return undefined;
}
