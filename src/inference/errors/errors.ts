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
import { HoldfastError, RetryableError, TerminalError } from '../../core/errors.ts';
import { MODEL_FAILURES, type ModelFailure } from '../../core/model-failures.ts';
import { answerFailure } from './answer-failure.ts';
import { retryAfterMs } from './retry-after.ts';

/** The words of an answer that are looked at. */
const MOST_WORDS = 20_000;

/** What was called, for messages about errors that do not say so themselves. */
export interface CallContext {
  model?: string;
  /** The base URL of the endpoint; only its host is shown. */
  endpoint?: string;
  /** The current time in milliseconds since 1970, by which a `Retry-After` date is read. */
  now?: number;
}

/**
 * The Holdfast error for anything that a model call may throw, with one of the codes of `MODEL_FAILURES`: a `RetryableError` where another
 * attempt may mend it (with `retryAfterMs` where the provider asks to wait), else a `TerminalError`. Messages name the model and the host,
 * never the key, the prompt or the provider's own words, which may quote them. Holdfast's own errors come back as they are.
 */
export function classifyModelError(error: unknown, context: CallContext = {}): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (RetryError.isInstance(error)) return classifyModelError(error.lastError, context);
  if (APICallError.isInstance(error)) return fromAnswer(error, context);
  if (isUnusableOutput(error)) return unusableOutput(error, context);
  const badRequest = badRequestCode(error);
  if (badRequest !== undefined) {
    const what = `The call to ${target(context)} could not be made (${nameOf(error)}).`;
    return failure(badRequest, `${what} Check the model's configuration and the request.`, details(context));
  }
  const name = nameOf(error);
  if (name === 'TimeoutError')
    return failure('model_timeout', `${target(context)} did not answer in time.`, details(context));
  if (name === 'AbortError') {
    return failure(
      'model_aborted',
      `The call to ${target(context)} was aborted before it was answered.`,
      details(context),
    );
  }
  const code = networkCode(error);
  if (code !== undefined) return unreachable(context, code);
  return (
    fromStream(error, context) ??
    failure('model_failed', `The call to ${target(context)} failed (${name}).`, details(context))
  );
}

/** Returns the error for a failure, of the class that its rule asks for. */
function failure(code: ModelFailure, message: string, about: object, retryAfterMs?: number): HoldfastError {
  if (!MODEL_FAILURES[code].again) return new TerminalError(code, message, about);
  return new RetryableError(code, message, { details: about, ...(retryAfterMs !== undefined && { retryAfterMs }) });
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
    return failure('model_unavailable', `${target(about)} ${what}.`, details(about, status));
  }
  const codes = codesOf(error.data);
  const words = `${error.message} ${error.responseBody ?? ''}`.slice(0, MOST_WORDS);
  const code = answerFailure({ status, codes, words }) ?? 'model_unavailable';
  const [provider] = codes;
  const answered = `${target(about)} answered ${status}${provider === undefined ? '' : ` (${provider})`}`;
  const wait = MODEL_FAILURES[code].again ? retryAfterMs(error.responseHeaders, context.now ?? Date.now()) : undefined;
  const later = wait === undefined ? '' : ` It asks to wait ${Math.ceil(wait / 1000)} s.`;
  return failure(code, `${answered}${ADVICE[code]}${later}`, details(about, status, provider), wait);
}

/** An error that a provider sends in the middle of a stream: an object like the body of an answer, or its words. */
function fromStream(error: unknown, context: CallContext): HoldfastError | undefined {
  const body = typeof error === 'object' && error !== null && !(error instanceof Error) ? error : undefined;
  if (body === undefined) return undefined;
  const codes = codesOf({ error: body });
  const { message, code: number } = body as { message?: unknown; code?: unknown };
  const status = typeof number === 'number' && number >= 400 && number < 600 ? number : 200;
  const code = answerFailure({ status, codes, words: typeof message === 'string' ? message.slice(0, MOST_WORDS) : '' });
  if (code === undefined) return undefined;
  const sent = `${target(context)} broke off its answer with an error${codes[0] === undefined ? '' : ` (${codes[0]})`}`;
  return failure(code, `${sent}${ADVICE[code]}`, details(context, undefined, codes[0]));
}

/** What follows the status in the message. */
const ADVICE: Readonly<Record<ModelFailure, string>> = {
  model_timeout: '.',
  model_output_invalid: '.',
  model_failed: '.',
  model_aborted: '.',
  step_timeout: '.',
  model_rate_limited: ': too many requests or tokens.',
  model_overloaded: ': it has too much to do.',
  model_unavailable: '.',
  model_auth_failed: '. Check the API key and what it may use.',
  model_quota_exhausted: ': the account has no money or no quota left.',
  model_not_found: '. Check the base URL and the name of the model.',
  model_context_exceeded:
    '. The request is too large for this model: shorten it, or ask a model with a larger context.',
  model_content_filtered: ': its content filter stopped the request.',
  model_refused: '. The same request would be refused again; check its size, its tools and its schema.',
};

function unusableOutput(error: unknown, context: CallContext): HoldfastError {
  const reason =
    NoObjectGeneratedError.isInstance(error) && error.finishReason === 'length'
      ? 'it was cut off at the token limit'
      : 'it does not match what was asked for';
  return failure(
    'model_output_invalid',
    `The output of ${target(context)} cannot be used: ${reason}.`,
    details(context),
  );
}

function unreachable(context: CallContext, code: string): HoldfastError {
  const about = { ...details(context), network: code };
  return failure('model_unavailable', `${target(context)} could not be reached (${code}).`, about);
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

function badRequestCode(error: unknown): ModelFailure | undefined {
  if (LoadAPIKeyError.isInstance(error)) return 'model_auth_failed';
  if (NoSuchModelError.isInstance(error)) return 'model_not_found';
  const isRefused = InvalidPromptError.isInstance(error) || UnsupportedFunctionalityError.isInstance(error);
  return isRefused ? 'model_refused' : undefined;
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
 * The provider's error code and type, such as `context_length_exceeded`: bare identifiers, unlike the message, quote nothing. Azure has the
 * one that says what it was further inside.
 */
function codesOf(data: unknown): string[] {
  const body = (data as { error?: ProviderError | null } | undefined)?.error;
  const found = [body?.code, body?.type, body?.innererror?.code];
  return found.filter((code): code is string => typeof code === 'string' && /^[A-Za-z][\w.-]{2,60}$/.test(code));
}

interface ProviderError {
  code?: unknown;
  type?: unknown;
  innererror?: { code?: unknown } | null;
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
