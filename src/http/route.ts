// One call of the API: what it takes, what it answers, and the function behind it.

import type Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { InvalidInput } from '../core/errors.ts';
import type { Person } from '../core/person.ts';
import { inputIssues } from '../define/input.ts';

/** What a call of the API looks like from outside. */
export interface RouteSpec {
  method: 'get' | 'post' | 'put' | 'delete';
  /** In OpenAPI's form: `/v1/runs/{id}`. */
  path: string;
  summary: string;
  description?: string;
  tag: 'Runs' | 'Approvals' | 'Budgets' | 'Operations';
  params?: z.ZodType;
  query?: z.ZodType;
  headers?: z.ZodObject;
  /** The JSON body; a workflow's own schema is checked by admission. */
  body?: z.ZodType;
  bodyRequired?: boolean;
  /** The body is a form's. */
  form?: boolean;
  /** Answers by status. Text answers name their media type instead of a schema. */
  answers: Record<
    number,
    { description: string; schema?: z.ZodType; mediaType?: string; headers?: Record<string, string> }
  >;
  /** May be called without a key. */
  open?: boolean;
}

/** A request after validation. */
export interface Call {
  params: Record<string, string>;
  query: Record<string, unknown>;
  headers: Record<string, string | undefined>;
  body: unknown;
  /** Says that the body is of no more use: others may send theirs. */
  bodyDone: () => void;
  /** Whose runs the caller may see; undefined for everybody's (only where authentication is off). */
  tenant: string | undefined;
  /** Who asks; undefined only where a path is open. */
  person: Person | undefined;
  /** Aborted when the client is gone or the service stops. */
  signal: AbortSignal;
  context: Context;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
  mediaType?: string;
}

export interface Route {
  spec: RouteSpec;
  handle: (call: Call) => Promise<Answer>;
}

/** What sets `state.body`, by what the body is. */
export interface BodyReaders {
  json: Middleware;
  form: Middleware;
}

/** Adds `route` to `router`; where no body belongs none is read. `stopping` is aborted when the service stops. */
export function mount(router: Router, route: Route, bodies: BodyReaders, stopping: AbortSignal): void {
  const path = route.spec.path.replaceAll(/\{(\w+)\}/g, ':$1');
  const handle = async (context: Context): Promise<void> => {
    const call = parse(route.spec, context, AbortSignal.any([clientGone(context), stopping]));
    present(context, await route.handle(call));
  };
  const { method, form } = route.spec;
  if (method === 'post' || method === 'put') router[method](path, form ? bodies.form : bodies.json, handle);
  else router[method](path, handle);
}

function parse(spec: RouteSpec, context: Context, signal: AbortSignal): Call {
  refuseNul(context.params as Record<string, unknown>, 'path', 'invalid_path');
  refuseNul(context.query, 'query', 'invalid_query');
  const params = check(spec.params, context.params as unknown, 'path', 'invalid_path');
  const query = check(spec.query ?? z.strictObject({}), { ...context.query }, 'query', 'invalid_query');
  const headers = check(spec.headers, context.headers, 'header', 'invalid_header');
  const { body, bodyDone, tenant, person } = context.state as Partial<Call>;
  return {
    params: (params ?? {}) as Record<string, string>,
    query: query as Record<string, unknown>,
    headers: (headers ?? {}) as Record<string, string | undefined>,
    body: spec.body ? check(spec.body, body ?? {}, 'body', 'invalid_body') : body,
    bodyDone: bodyDone ?? (() => {}),
    tenant,
    person,
    signal,
    context,
  };
}

/** Postgres' texts cannot hold U+0000: nothing that is kept there can be named with it. */
function refuseNul(values: Record<string, unknown>, where: string, code: string): void {
  const found = Object.entries(values).find(([, value]) => String(value).includes('\0'));
  if (found) throw new InvalidInput(code, `The ${where} cannot be used: '${found[0]}' has the character U+0000 in it.`);
}

function check(schema: z.ZodType | undefined, value: unknown, where: string, code: string): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(inputIssues);
  const { pointer, detail } = issues[0]!;
  throw new InvalidInput(
    code,
    `The ${where} cannot be used: ${pointer === '' ? 'it' : `'${pointer.slice(1)}'`} ${sentence(detail)}`,
    issues,
  );
}

function sentence(detail: string): string {
  const words = detail.replace(/\.$/, '');
  return /^(is|has|must|does)\b/.test(words) ? `${words}.` : `is wrong: ${words}.`;
}

function present(context: Context, answer: Answer): void {
  context.status = answer.status;
  if (answer.headers) context.set(answer.headers);
  if (answer.mediaType) context.type = answer.mediaType;
  if (answer.mediaType || answer.body === undefined) context.body = answer.body ?? null;
  else {
    context.type = 'application/json';
    context.body = JSON.stringify(answer.body);
  }
  context.status = answer.status;
}

function clientGone(context: Context): AbortSignal {
  const controller = new AbortController();
  context.res.once('close', () => {
    if (!context.res.writableFinished) controller.abort(new Error('The client closed the connection.'));
  });
  return controller.signal;
}
