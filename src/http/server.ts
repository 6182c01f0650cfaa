// The door: one Koa application, its limits, and its orderly end.

import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import helmet from 'koa-helmet';
import { Unavailable } from '../core/errors.ts';
import type { EngineLog } from '../engine/logger.ts';
import { authentication, type FindPerson } from './middleware/auth.ts';
import { jsonBody } from './middleware/body.ts';
import { formBody } from './middleware/form.ts';
import { problems } from './middleware/problems.ts';
import { sameMachineOnly } from './middleware/same-machine.ts';
import { HttpError, type Problem } from './problem.ts';
import { mount, type Route } from './route.ts';

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 65_000;

export interface ServerOptions {
  host: string;
  port: number;
  routes: readonly Route[];
  /** Undefined where nobody has to say who they are. */
  findPerson: FindPerson | undefined;
  /** Where people reach the service, if that is not where it listens. */
  publicUrl: string | undefined;
  log: EngineLog;
}

/** A listening server. */
export interface HttpServer {
  /** Where it listens, for example `http://127.0.0.1:3000`. */
  url: string;
  /** Takes no new requests, ends streams at once, gives the others `graceMs` milliseconds, then closes. */
  stop(graceMs: number): Promise<void>;
}

/** Listens on `host` and `port` (0 for any free one). @throws Unavailable `port_in_use` and `cannot_listen` */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const stopping = new AbortController();
  const handle = application(options, stopping.signal).callback();
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => void handle(request, response),
  );
  server.on('clientError', refuse);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const name = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${name}:${port}`, stop: (graceMs) => stop(server, stopping, graceMs) };
}

function application({ routes, findPerson, publicUrl, log }: ServerOptions, stopping: AbortSignal): Koa {
  const app = new Koa();
  app.silent = true;
  const router = new Router();
  const bodies = { json: jsonBody(), form: formBody() };
  for (const route of routes) mount(router, route, bodies, stopping);
  const isOpen = matcher(routes.filter((route) => route.spec.open).map((route) => route.spec.path));
  app.use(problems(log));
  app.use(
    helmet({
      // Only a secure connection may say this (RFC 6797, section 7.2): the proxy that ends TLS does.
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        directives: { defaultSrc: ["'self'"], styleSrc: ["'self'", "'unsafe-inline'"], upgradeInsecureRequests: null },
      },
    }),
  );
  if (!findPerson) app.use(sameMachineOnly(publicUrl === undefined ? undefined : new URL(publicUrl).host, isOpen));
  app.use(authentication(findPerson, isOpen));
  app.use(router.routes());
  app.use(refusedMethods());
  app.use(router.allowedMethods());
  return app;
}

/** Returns a function that tells whether a path is one of `paths`, in which `{name}` stands for any one segment. */
function matcher(paths: readonly string[]): (path: string) => boolean {
  const patterns = paths.map((path) => path.split('/'));
  return (path) => {
    const segments = path.split('/');
    return patterns.some(
      (pattern) =>
        pattern.length === segments.length &&
        pattern.every((part, at) => (part.startsWith('{') ? segments[at] !== '' : part === segments[at])),
    );
  };
}

/** The router says in `Allow` what a path takes; the answer is a problem document like any other. */
function refusedMethods(): Middleware {
  return async (context, next) => {
    await next();
    if (context.status === 405)
      throw new HttpError(405, 'method_not_allowed', 'This path does not take this method: /docs lists what there is.');
    if (context.status === 501)
      throw new HttpError(501, 'method_not_implemented', 'This service does not know this method.');
  };
}

async function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new Unavailable(
        'port_in_use',
        `Port ${port} on ${host} is in use by another process: stop that one, or set PORT to another port.`,
      );
    }
    throw new Unavailable('cannot_listen', `Cannot listen on ${host}:${port}: ${message}. Check HOST and PORT.`);
  }
}

async function stop(server: Server, stopping: AbortController, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  stopping.abort(new Error('The service stops.'));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  // Connections that become idle now are kept open by their clients otherwise.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearTimeout(timer);
  clearInterval(sweep);
}

/** Answers what never became a request: malformed, too slow, or with too large a header. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const [code, detail] = REFUSALS[status]!;
  const problem: Problem = {
    type: `/docs/errors#${code}`,
    title: STATUS_CODES[status]!,
    status,
    detail,
    instance: '',
    code,
  };
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const REFUSALS: Record<number, [code: string, detail: string]> = {
  400: ['bad_request', 'This is not an HTTP/1.1 request.'],
  408: ['request_timeout', 'The request did not arrive within its time limit.'],
  431: ['headers_too_large', 'The headers of the request are larger than 16 kB.'],
};
