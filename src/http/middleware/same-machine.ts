// Where nobody has to say who they are, web pages must not act for whoever looks at them: neither under a name of their own that leads
// here (DNS rebinding), nor from another site.

import type { Middleware } from 'koa';
import { HttpError } from '../problem.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Returns the middleware that takes only requests to a loopback name or to `publicHost`, which may have a port, and no requests of other
 * sites that would change something (Fetch Metadata, W3C; `Origin`, RFC 6454). To paths that are `open` these change nothing: what can be
 * changed there takes a secret in the address, so that its page keeps its own origin to itself.
 */
export function sameMachineOnly(publicHost: string | undefined, isOpen: (path: string) => boolean): Middleware {
  return async (context, next) => {
    const host = context.get('host').toLowerCase();
    if (!isLoopback(host) && host !== publicHost) {
      throw new HttpError(
        421,
        'host_not_allowed',
        `This service does not go by the name '${host}': use http://127.0.0.1, or set HOLDFAST_PUBLIC_URL to where it is reached.`,
      );
    }
    const mayChange = !SAFE_METHODS.has(context.method) && !isOpen(context.path);
    if (mayChange && isOtherSite(context.get('sec-fetch-site'), context.get('origin'), host)) {
      throw new HttpError(
        403,
        'cross_site_request',
        'This request comes from the page of another site. Such pages can act here only with authentication: set HOLDFAST_AUTH=keys.',
      );
    }
    await next();
  };
}

/** `localhost` and what is below it (RFC 6761, section 6.3), 127.0.0.0/8 and ::1, each with or without a port. */
function isLoopback(host: string): boolean {
  return /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(host);
}

function isOtherSite(site: string, origin: string, host: string): boolean {
  if (site !== '') return site !== 'same-origin' && site !== 'none';
  return origin !== '' && URL.parse(origin)?.host !== host;
}
