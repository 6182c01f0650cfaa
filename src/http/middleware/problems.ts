// Turns everything that goes wrong with a request into a problem document, and tells the log of what is our own fault.

import type { Context, Middleware } from 'koa';
import { withoutToken } from '../../core/approval-url.ts';
import type { EngineLog } from '../../engine/logger.ts';
import { HttpError, problemOf } from '../problem.ts';

/** Returns the outermost middleware. */
export function problems(log: EngineLog): Middleware {
  return async (context, next) => {
    try {
      await next();
      if (context.status === 404 && (context.body === undefined || context.body === null)) {
        throw new HttpError(
          404,
          'route_not_found',
          `There is nothing at ${context.method} ${withoutToken(context.path)}: /docs lists what there is.`,
        );
      }
    } catch (error) {
      answer(context, error, log);
    }
  };
}

function answer(context: Context, error: unknown, log: EngineLog): void {
  const problem = problemOf(error, withoutToken(context.path));
  if (problem.status >= 500 && !(error instanceof HttpError))
    log.error(
      `${context.method} ${withoutToken(context.path)} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  if (context.headerSent) {
    context.res.destroy();
    return;
  }
  if (error instanceof HttpError) context.set(error.headers);
  if (problem.status === 503) context.set('Retry-After', '2');
  context.status = problem.status;
  context.type = 'application/problem+json';
  context.body = JSON.stringify(problem);
}
