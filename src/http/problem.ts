// Errors as problem documents (RFC 9457): which class of error is which status, in one place.

import { STATUS_CODES } from 'node:http';
import { isConnectionError } from '../core/connection-error.ts';
import { Conflict, Forbidden, Gone, HoldfastError, InvalidInput, NotFound, Unavailable } from '../core/errors.ts';
import type { InputIssue } from '../define/input.ts';

/** The body of an error's answer. `code` is stable; docs/errors.md has a heading for each. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  runId?: string;
  errors?: InputIssue[];
}

/** An error of the HTTP layer itself, with the status that it is answered with. */
export class HttpError extends HoldfastError {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(code, message);
    this.status = status;
    this.headers = headers;
  }
}

const STATUS_OF_CODE: Record<string, number> = {
  invalid_input: 422,
  invalid_tool_arguments: 422,
  not_serializable: 422,
  idempotency_key_reused: 422,
};

/** Returns the problem document of `error` for the request to `path`. What went wrong inside is told by the log alone. */
export function problemOf(error: unknown, path: string): Problem {
  const status = statusOf(error);
  const known = error instanceof HttpError || (error instanceof HoldfastError && (status < 500 || status === 503));
  const code = known
    ? error.code
    : status === 503
      ? 'database_unreachable'
      : status >= 500
        ? 'internal_error'
        : codeOf(status);
  return {
    type: `/docs/errors#${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: known ? error.message : detailOf(status, error),
    instance: path,
    code,
    ...extras(error),
  };
}

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  if (error instanceof HoldfastError) {
    const status = STATUS_OF_CODE[error.code];
    if (status !== undefined) return status;
  }
  if (error instanceof NotFound) return 404;
  if (error instanceof Forbidden) return 403;
  if (error instanceof Conflict) return 409;
  if (error instanceof Gone) return 410;
  if (error instanceof InvalidInput) return 400;
  if (error instanceof Unavailable || isConnectionError(error)) return 503;
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function codeOf(status: number): string {
  return (STATUS_CODES[status] ?? 'bad_request').toLowerCase().replaceAll(/[^a-z]+/g, '_');
}

function detailOf(status: number, error: unknown): string {
  if (status === 503)
    return 'The database cannot be reached at the moment. Nothing was lost; send the request again in a few seconds.';
  if (status >= 500) return 'Something went wrong that should not have. The log of the service says what.';
  return error instanceof Error ? error.message : String(error);
}

function extras(error: unknown): Pick<Problem, 'runId' | 'errors'> {
  const details = error instanceof HoldfastError ? error.details : undefined;
  if (Array.isArray(details)) return { errors: details as InputIssue[] };
  const runId = (details as { runId?: unknown } | undefined)?.runId;
  return typeof runId === 'string' ? { runId } : {};
}
