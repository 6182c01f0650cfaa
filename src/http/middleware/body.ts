// Reads JSON bodies, up to a limit.

import { bodyParser } from '@koa/bodyparser';
import type { Context, Middleware } from 'koa';
import { HttpError } from '../problem.ts';

/** A document of 20 MB in base64, and what is around it. */
export const BODY_LIMIT_BYTES = 32 * 1024 * 1024;

/** Returns the middleware that sets `request.body`: any JSON value, or undefined where the body is empty. */
export function jsonBody(): Middleware {
  const parse = bodyParser({
    enableTypes: ['json'],
    jsonLimit: BODY_LIMIT_BYTES,
    jsonStrict: false,
    extendTypes: { json: ['application/*+json'] },
    onError: (error) => {
      throw toHttpError(error);
    },
  });
  return async (context, next) => {
    if (hasBody(context) && !context.is('json', '+json')) {
      throw new HttpError(415, 'unsupported_media_type', `The body is '${context.get('content-type') || 'of no type'}': send JSON with Content-Type: application/json.`);
    }
    await parse(context, next);
  };
}

function hasBody(context: Context): boolean {
  return Number(context.get('content-length') || 0) > 0 || context.get('transfer-encoding') !== '';
}

function toHttpError(error: Error): HttpError {
  const { status, type } = error as { status?: number; type?: string };
  if (status === 413) return new HttpError(413, 'body_too_large', `The body is larger than ${BODY_LIMIT_BYTES / 1024 / 1024} MB.`);
  if (type === 'request.aborted' || type === 'request.size.invalid') return new HttpError(400, 'body_incomplete', 'The body ended before its announced length.');
  if (status === 415) return new HttpError(415, 'unsupported_media_type', `The body's encoding is not supported: ${error.message}.`);
  return new HttpError(400, 'invalid_json', `The body is not JSON: ${error.message}`);
}
