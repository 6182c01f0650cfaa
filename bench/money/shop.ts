// The shop, a process of its own that is never killed: does what it is asked, but now and then is busy, breaks connections, or answers nobody.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Bookkeeper, type Books, type ShopRequest } from './books.ts';
import { chanceOf } from './random.ts';

export interface ShopSettings {
  seed: number;
  /** The share of the requests that are refused with 503, or whose connection is reset, before anything is done. */
  transient: number;
  /** The share of the requests that are done, and whose connection is then cut without an answer. */
  lost: number;
}

export interface ShopReport extends Books {
  requests: number;
  faults: { busy: number; reset: number; lost: number };
}

type Fault = 'busy' | 'reset' | 'lost' | undefined;

const settings = JSON.parse(process.argv[2]!) as ShopSettings;
const keeper = new Bookkeeper();
const faults = { busy: 0, reset: 0, lost: 0 };
/** How often each request came in so far, under whatever key. */
const seen = new Map<string, number>();

// It never outlives the process that started it.
process.on('disconnect', () => process.exit(1));
const server = createServer((request, response) => {
  // Whoever is killed while it sends a request has not made it.
  respond(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));

async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, ...path] = decodeURIComponent(incoming.url ?? '').split('/');
  if (path[0] === 'books') return send(response, { status: 200, body: report() });
  const key = incoming.headers['idempotency-key'] as string | undefined;
  const method = incoming.method ?? '';
  const body = method === 'POST' && path.length === 1 ? await json(incoming) : {};
  const request: ShopRequest = { method, path, key, body: body as ShopRequest['body'] };
  const fault = nextFault(request);
  if (fault !== undefined) faults[fault] += 1;
  if (fault === 'busy') return send(response, { status: 503, body: { error: 'busy' } });
  if (fault === 'reset') return void incoming.socket.resetAndDestroy();
  const answer = keeper.answer(request);
  if (fault === 'lost') return void incoming.socket.destroy();
  return send(response, answer);
}

function send(response: ServerResponse, { status, body }: { status: number; body: unknown }): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The same request meets the same faults in every run of the bench, the first time, the second time, and so on. */
function nextFault({ method, path, body }: ShopRequest): Fault {
  const name = [method, ...path, body.orderId ?? body.ticket ?? ''].join(' ').toUpperCase();
  const times = (seen.get(name) ?? 0) + 1;
  seen.set(name, times);
  const chance = chanceOf(`${name} ${times}`, settings.seed);
  if (chance < settings.transient / 2) return 'busy';
  if (chance < settings.transient) return 'reset';
  return chance < settings.transient + settings.lost ? 'lost' : undefined;
}

function report(): ShopReport {
  const requests = [...seen.values()].reduce((sum, times) => sum + times, 0);
  return { ...keeper.books, requests, faults };
}
