// Reads JSON bodies, up to a limit each, and up to a limit of all at a time.

import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import rawBody from 'raw-body';
import { BodyBudget, type BodyShare } from '../body-budget.ts';
import { parseJson } from '../json.ts';
import { HttpError } from '../problem.ts';

/** A document of 20 MB in base64, and what is around it. */
export const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** Two of the largest bodies at a time. */
const BUDGET_BYTES = 2 * BODY_LIMIT_BYTES;

/** The names of UTF-8, and of the part of it that is older. */
const CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

/**
 * Returns the middleware that sets `state.body`: any JSON value, or undefined where there is no body. The body counts against the
 * limit of all until the request is answered, or `state.bodyDone` is called.
 */
export function jsonBody(): Middleware {
  const budget = new BodyBudget(BUDGET_BYTES);
  return async (context, next) => {
    if (!hasBody(context)) {
      await next();
      return;
    }
    refuseOtherTypes(context);
    const share = budget.share();
    context.state.bodyDone = () => share.release();
    try {
      context.state.body = parseJson(await read(context, share));
      await next();
    } finally {
      share.release();
    }
  };
}

function hasBody(context: Context): boolean {
  return context.get('transfer-encoding') !== '' || Number(context.get('content-length') || 0) > 0;
}

function refuseOtherTypes(context: Context): void {
  const type = context.get('content-type') || 'of no type';
  if (!context.is('json', '+json')) {
    throw unsupported(`The body is '${type}': send JSON with Content-Type: application/json.`);
  }
  const { charset } = context.request;
  if (charset !== '' && !CHARSETS.has(charset.toLowerCase())) {
    throw unsupported(`The body is '${type}': send it in UTF-8.`);
  }
  const encoding = context.get('content-encoding') || 'identity';
  if (encoding !== 'identity') throw unsupported(`The body is compressed ('${encoding}'): send it as it is.`);
}

function unsupported(message: string): HttpError {
  return new HttpError(415, 'unsupported_media_type', message);
}

async function read(context: Context, share: BodyShare): Promise<Buffer> {
  const length = context.get('content-length') || null;
  if (length !== null && Number(length) <= BODY_LIMIT_BYTES && !share.grow(Number(length))) throw busy();
  try {
    const whole = rawBody(context.req, { limit: BODY_LIMIT_BYTES, length });
    return await (length === null ? Promise.race([whole, overBudget(context.req, share)]) : whole);
  } catch (error) {
    throw error instanceof HttpError ? error : refusal(error as { type?: string });
  }
}

/** Counts a body of unknown length as it comes; rejects when it is too much beside all others. */
function overBudget(request: IncomingMessage, share: BodyShare): Promise<never> {
  let bytes = 0;
  return new Promise((_resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (!share.grow(bytes)) reject(busy({ Connection: 'close' }));
    });
  });
}

function busy(headers: Record<string, string> = {}): HttpError {
  return new HttpError(
    503,
    'service_busy',
    'The service reads as many large bodies as it can at a time. Nothing was recorded; send the request again in a few seconds.',
    headers,
  );
}

function refusal(error: { type?: string }): HttpError {
  if (error.type === 'entity.too.large') {
    return new HttpError(413, 'body_too_large', `The body is larger than ${BODY_LIMIT_BYTES / 1024 / 1024} MB.`, {
      Connection: 'close',
    });
  }
  return new HttpError(400, 'body_incomplete', 'The body ended before its announced length.');
}
