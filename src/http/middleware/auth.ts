// Who is asking: a key stands for a tenant. Without authentication (loopback only) a header may name one.

import type { Middleware } from 'koa';
import { HttpError } from '../problem.ts';

/** Returns the tenant that a key belongs to, or undefined for an unknown or revoked one. */
export type FindTenant = (key: string) => Promise<string | undefined>;

const TENANT = /^[\w.@:-]{1,100}$/;

/**
 * Returns the middleware that sets `state.tenant`. With `findTenant` every request needs a key, but for those to `open` paths;
 * without it, everybody may do everything, and `X-Tenant` narrows a request down to one tenant.
 */
export function authentication(findTenant: FindTenant | undefined, open: ReadonlySet<string>): Middleware {
  return async (context, next) => {
    if (!open.has(context.path)) {
      context.state.tenant = findTenant
        ? await tenantOfKey(findTenant, context.get('authorization'))
        : tenantHeader(context.get('x-tenant'));
    }
    await next();
  };
}

async function tenantOfKey(findTenant: FindTenant, authorization: string): Promise<string> {
  const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const tenant = key && (await findTenant(key));
  if (tenant) return tenant;
  const why = key
    ? 'The API key is unknown or was revoked'
    : 'An API key is missing: send it as Authorization: Bearer <key>';
  throw new HttpError(401, 'unauthorized', `${why}. Keys are made with: holdfast keys create --tenant <tenant>`, {
    'WWW-Authenticate': 'Bearer',
  });
}

function tenantHeader(tenant: string): string | undefined {
  if (tenant === '') return undefined;
  if (TENANT.test(tenant)) return tenant;
  throw new HttpError(400, 'invalid_header', "The header 'X-Tenant' must be 1 to 100 letters, digits or . _ @ : -");
}
