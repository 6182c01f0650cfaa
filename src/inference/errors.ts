// Errors of model calls sorted by what the runtime should do: try again, perhaps later, or give up.

import {
  APICallError,
  EmptyResponseBodyError,
  InvalidPromptError,
  InvalidResponseDataError,
  JSONParseError,
  LoadAPIKeyError,
  NoContentGeneratedError,
  NoSuchModelError,
  TypeValidationError,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider';
import { InvalidToolInputError, NoObjectGeneratedError, NoOutputGeneratedError, RetryError } from 'ai';
import { HoldfastError, RetryableError, TerminalError } from '../core/errors.ts';
import { retryAfterMs } from './retry-after.ts';

/** What was called, for messages about errors that do not say so themselves. */
export interface CallContext {
  model?: string;
  /** The base URL of the endpoint; only its host is shown. */
  endpoint?: string;
  /** The current time in milliseconds since 1970, by which a `Retry-After` date is read. */
  now?: number;
}

/**
 * The Holdfast error for anything that a model call may throw: a `RetryableError` (rate limits with `retryAfterMs`,
 * answers 408, 409 and 5xx, broken connections, timeouts, output that cannot be parsed) or a `TerminalError`
 * `model_refused` (other 4xx answers, requests that the client could not make). Messages name the model and the host,
 * never the key, the prompt or the provider's own words, which may quote them. Holdfast's own errors come back as they
 * are.
 */
export function classifyModelError(error: unknown, context: CallContext = {}): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (RetryError.isInstance(error)) return classifyModelError(error.lastError, context);
  if (APICallError.isInstance(error)) return fromAnswer(error, context);
  if (isUnusableOutput(error)) return unusableOutput(error, context);
  if (isBadRequest(error)) {
    return new TerminalError(
      'model_refused',
      `The call to ${target(context)} could not be made (${nameOf(error)}). Check the model's configuration and the request.`,
      details(context),
    );
  }
  const name = nameOf(error);
  if (name === 'TimeoutError')
    return new RetryableError('model_timeout', `${target(context)} did not answer in time.`, {
      details: details(context),
    });
  if (name === 'AbortError')
    return new RetryableError('model_aborted', `The call to ${target(context)} was aborted before it was answered.`, {
      details: details(context),
    });
  const code = networkCode(error);
  if (code !== undefined) return unreachable(context, code);
  return new RetryableError('model_failed', `The call to ${target(context)} failed (${name}).`, {
    details: details(context),
  });
}

function fromAnswer(error: APICallError, context: CallContext): HoldfastError {
  const about: CallContext = {
    ...context,
    model: context.model ?? requestedModel(error),
    endpoint: error.url || context.endpoint,
  };
  const status = error.statusCode;
  if (status === undefined || (status >= 200 && status < 300)) {
    const code = networkCode(error);
    if (status === undefined && code !== undefined) return unreachable(about, code);
    if (status === undefined && nameOf(error.cause) === 'TimeoutError') return classifyModelError(error.cause, about);
    const what =
      status === undefined
        ? 'could not be reached'
        : 'broke off its answer or sent one that is not in the OpenAI format';
    return new RetryableError('model_unavailable', `${target(about)} ${what}.`, { details: details(about, status) });
  }
  const provider = providerCode(error);
  const answered = `${target(about)} answered ${status}${provider === undefined ? '' : ` (${provider})`}`;
  const wait = retryAfterMs(error.responseHeaders, context.now ?? Date.now());
  const later = wait === undefined ? '' : ` It asks to wait ${Math.ceil(wait / 1000)} s.`;
  const options = { details: details(about, status, provider), ...(wait !== undefined && { retryAfterMs: wait }) };
  if (status === 429)
    return new RetryableError('model_rate_limited', `${answered}: too many requests or tokens.${later}`, options);
  if (status === 408 || status === 409 || status >= 500)
    return new RetryableError('model_unavailable', `${answered}.${later}`, options);
  return new TerminalError('model_refused', `${answered}. ${advice(status)}`, options.details);
}

function advice(status: number): string {
  if (status === 401 || status === 403) return 'Check the API key and what it may use.';
  if (status === 404) return 'Check the base URL and the name of the model.';
  if (status === 413) return 'The request is too large for this model.';
  return 'The same request would be refused again; check its size, its tools and its schema.';
}

function unusableOutput(error: unknown, context: CallContext): RetryableError {
  const reason =
    NoObjectGeneratedError.isInstance(error) && error.finishReason === 'length'
      ? 'it was cut off at the token limit'
      : 'it does not match what was asked for';
  return new RetryableError('model_output_invalid', `The output of ${target(context)} cannot be used: ${reason}.`, {
    details: details(context),
  });
}

function unreachable(context: CallContext, code: string): RetryableError {
  return new RetryableError('model_unavailable', `${target(context)} could not be reached (${code}).`, {
    details: { ...details(context), network: code },
  });
}

function isUnusableOutput(error: unknown): boolean {
  return [
    NoObjectGeneratedError,
    NoOutputGeneratedError,
    InvalidToolInputError,
    TypeValidationError,
    JSONParseError,
    InvalidResponseDataError,
    NoContentGeneratedError,
    EmptyResponseBodyError,
  ].some((kind) => kind.isInstance(error));
}

function isBadRequest(error: unknown): boolean {
  return [InvalidPromptError, UnsupportedFunctionalityError, NoSuchModelError, LoadAPIKeyError].some((kind) =>
    kind.isInstance(error),
  );
}

/** "Model gpt-x at api.example.com", or as much of it as is known. */
function target({ model, endpoint }: CallContext): string {
  const host = hostOf(endpoint);
  return `${model === undefined ? 'The model' : `Model ${model}`}${host === undefined ? '' : ` at ${host}`}`;
}

function details({ model, endpoint }: CallContext, status?: number, provider?: string): Record<string, unknown> {
  const host = hostOf(endpoint);
  return {
    ...(model !== undefined && { model }),
    ...(host !== undefined && { host }),
    ...(status !== undefined && { status }),
    ...(provider !== undefined && { providerCode: provider }),
  };
}

function hostOf(endpoint: string | undefined): string | undefined {
  return endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint).host : undefined;
}

function requestedModel(error: APICallError): string | undefined {
  const model = (error.requestBodyValues as { model?: unknown } | undefined)?.model;
  return typeof model === 'string' ? model : undefined;
}

/**
 * The provider's error code or type, such as `context_length_exceeded`: a bare identifier, unlike its message, quotes
 * nothing.
 */
function providerCode(error: APICallError): string | undefined {
  const body = (error.data as { error?: { code?: unknown; type?: unknown } } | undefined)?.error;
  return [body?.code, body?.type].find(
    (code): code is string => typeof code === 'string' && /^[a-z][a-z0-9_.-]{2,60}$/.test(code),
  );
}

/** The code of a broken connection (`ECONNRESET`, `UND_ERR_SOCKET`), wherever in the chain of causes it stands. */
function networkCode(error: unknown): string | undefined {
  for (let current = error, depth = 0; current !== undefined && current !== null && depth < 6; depth += 1) {
    const { code, cause } = current as { code?: unknown; cause?: unknown };
    if (typeof code === 'string' && /^(?:E[A-Z_]+|UND_ERR_\w+|CERT_\w+|ERR_(?:TLS|SSL)\w*)$/.test(code)) return code;
    current = cause;
  }
  return undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
