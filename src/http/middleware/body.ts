// Reads JSON bodies, up to a limit.

import type { Context, Middleware } from 'koa';
import rawBody from 'raw-body';
import { HttpError } from '../problem.ts';

/** A document of 20 MB in base64, and what is around it. */
export const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** Returns the middleware that sets `request.body`: any JSON value, or undefined where there is no body. */
export function jsonBody(): Middleware {
  return async (context, next) => {
    if (hasBody(context)) (context.request as { body?: unknown }).body = parse(await read(context));
    await next();
  };
}

function hasBody(context: Context): boolean {
  return context.get('transfer-encoding') !== '' || Number(context.get('content-length') || 0) > 0;
}

async function read(context: Context): Promise<string> {
  if (!context.is('json', '+json')) {
    throw new HttpError(
      415,
      'unsupported_media_type',
      `The body is '${context.get('content-type') || 'of no type'}': send JSON with Content-Type: application/json.`,
    );
  }
  const encoding = context.get('content-encoding') || 'identity';
  if (encoding !== 'identity') {
    throw new HttpError(415, 'unsupported_media_type', `The body is compressed ('${encoding}'): send it as it is.`);
  }
  try {
    return await rawBody(context.req, {
      limit: BODY_LIMIT_BYTES,
      length: context.get('content-length') || null,
      encoding: 'utf8',
    });
  } catch (error) {
    throw refusal(error as { type?: string });
  }
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, 'invalid_json', `The body is not JSON: ${(error as Error).message}`);
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
