// Reads the fields of a form (WHATWG URL, section 5.1: application/x-www-form-urlencoded).

import type { Context, Middleware } from 'koa';
import rawBody from 'raw-body';
import { HttpError } from '../problem.ts';

const FORM_LIMIT_BYTES = 64 * 1024;

/** Returns the middleware that sets `state.body` to an object of the form's fields, each a text. */
export function formBody(): Middleware {
  return async (context, next) => {
    if (!context.is('urlencoded')) {
      throw new HttpError(
        415,
        'unsupported_media_type',
        'The body is not that of a form: send it with Content-Type: application/x-www-form-urlencoded.',
      );
    }
    context.state.body = fieldsOf(await read(context));
    await next();
  };
}

async function read(context: Context): Promise<string> {
  try {
    const bytes = await rawBody(context.req, {
      limit: FORM_LIMIT_BYTES,
      length: context.get('content-length') || null,
    });
    return bytes.toString('latin1');
  } catch (error) {
    if ((error as { type?: string }).type !== 'entity.too.large')
      throw new HttpError(400, 'body_incomplete', 'The body ended before its announced length.');
    throw new HttpError(413, 'body_too_large', `The form is larger than ${FORM_LIMIT_BYTES / 1024} kB.`, {
      Connection: 'close',
    });
  }
}

function fieldsOf(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(fields, name)) throw new HttpError(400, 'invalid_body', `The form has '${name}' twice.`);
    fields[name] = value;
  }
  return fields;
}
