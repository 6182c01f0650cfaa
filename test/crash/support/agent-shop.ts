// The shop of the refund agent, outside of the processes that are killed: it notes each request, and can leave answers undone.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Shop } from '../../../examples/02-refund-agent/shop.ts';
import { until } from '../../support/until.ts';

export interface ShopRequest {
  method: string;
  path: string;
  key: string | undefined;
}

export interface WatchedShop {
  url: string;
  books: Shop;
  /** What came in, in that order. */
  requests: ShopRequest[];
  /** From now on the shop does what it is asked by POST at `path`, and does not answer. */
  holdAnswers(path: string): void;
  /** From now on it lets requests by POST at `path` lie, without doing what they ask. */
  loseRequests(path: string): void;
  /** Requests at `path` are answered again from now on. */
  release(path: string): void;
  /** Resolves when so many requests by POST at `path` were held or lost. */
  unanswered(path: string, times: number): Promise<void>;
  close(): void;
}

interface Serving {
  books: Shop;
  requests: ShopRequest[];
  faults: Map<string, 'hold' | 'lose'>;
  /** The paths of those that got no answer. */
  unanswered: string[];
}

/** Opens a shop on loopback. */
export async function openShop(): Promise<WatchedShop> {
  const serving: Serving = { books: new Shop(), requests: [], faults: new Map(), unanswered: [] };
  const { books, requests, faults } = serving;
  const server = createServer((request, response) => void respond(serving, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const count = (path: string): number => serving.unanswered.filter((other) => other === path).length;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    books,
    requests,
    holdAnswers: (path) => void faults.set(path, 'hold'),
    loseRequests: (path) => void faults.set(path, 'lose'),
    release: (path) => void faults.delete(path),
    unanswered: async (path, times) =>
      void (await until(`request ${times} at ${path} without an answer`, () => count(path) >= times)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function respond(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { books, requests, faults, unanswered } = serving;
  const { method = '', url: path = '' } = request;
  requests.push({ method, path, key: request.headers['idempotency-key'] as string | undefined });
  const fault = method === 'POST' ? faults.get(path) : undefined;
  // A process that is killed while it sends a request has not made it.
  const answer = fault === 'lose' ? undefined : await books.answer(request).catch(() => undefined);
  if (fault) unanswered.push(path);
  else if (answer)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  else response.destroy();
}
