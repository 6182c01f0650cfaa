// Reads JSON bodies, up to a limit.

import type { Context, Middleware } from 'koa';
import rawBody from 'raw-body';
import { parseJson } from '../json.ts';
import { HttpError } from '../problem.ts';

/** A document of 20 MB in base64, and what is around it. */
export const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** The names of UTF-8, and of the part of it that is older. */
const CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

/** Returns the middleware that sets `request.body`: any JSON value, or undefined where there is no body. */
export function jsonBody(): Middleware {
  return async (context, next) => {
    if (hasBody(context)) {
      refuseOtherTypes(context);
      (context.request as { body?: unknown }).body = parseJson(await read(context));
    }
    await next();
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

async function read(context: Context): Promise<Buffer> {
  try {
    return await rawBody(context.req, { limit: BODY_LIMIT_BYTES, length: context.get('content-length') || null });
  } catch (error) {
    throw refusal(error as { type?: string });
  }
}

function refusal(error: { type?: string }): HttpError {
  if (error.type === 'entity.too.large') {
    return new HttpError(413, 'body_too_large', `The body is larger than ${BODY_LIMIT_BYTES / 1024 / 1024} MB.`, {
      Connection: 'close',
    });
  }
  return new HttpError(400, 'body_incomplete', 'The body ended before its announced length.');
}
