// Who is asking: a key stands for a person of a tenant. Without authentication (loopback only) headers may name them.

import type { Context, Middleware } from 'koa';
import { NAME, type Person } from '../../core/person.ts';
import { HttpError } from '../problem.ts';

/** Returns who uses a key, or undefined for an unknown or revoked one. */
export type FindPerson = (key: string) => Promise<Person | undefined>;

const NOBODY_IN_PARTICULAR = 'local';

/**
 * Returns the middleware that sets `state.person` and `state.tenant`. With `findPerson` every request needs a key, but for those to
 * paths that are `open`; without it, everybody may do everything. Then, and only then, `X-Tenant` narrows a request down to one
 * tenant, `X-User` says who asks, and `X-Roles` which roles they have.
 */
export function authentication(findPerson: FindPerson | undefined, isOpen: (path: string) => boolean): Middleware {
  return async (context, next) => {
    if (!isOpen(context.path)) {
      const person = findPerson
        ? await personOfKey(findPerson, context.get('authorization'))
        : personOfHeaders(context);
      context.state.person = person;
      context.state.tenant = person.tenant;
    }
    await next();
  };
}

async function personOfKey(findPerson: FindPerson, authorization: string): Promise<Person> {
  const key = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const person = key && (await findPerson(key));
  if (person) return person;
  const why = key
    ? 'The API key is unknown or was revoked'
    : 'An API key is missing: send it as Authorization: Bearer <key>';
  throw new HttpError(401, 'unauthorized', `${why}. Keys are made with: holdfast keys create --tenant <tenant>`, {
    'WWW-Authenticate': 'Bearer',
  });
}

function personOfHeaders(context: Context): Person {
  const [tenant, name, roles] = ['X-Tenant', 'X-User', 'X-Roles'].map((header) => context.get(header));
  return {
    tenant: tenant ? named('X-Tenant', tenant) : undefined,
    name: name ? named('X-User', name) : NOBODY_IN_PARTICULAR,
    roles: roles ? roles.split(',').map((role) => named('X-Roles', role.trim())) : 'all',
  };
}

function named(header: string, value: string): string {
  if (NAME.test(value)) return value;
  throw new HttpError(400, 'invalid_header', `The header '${header}' must be 1 to 100 letters, digits or . _ @ : -`);
}
