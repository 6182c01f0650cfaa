// The other side of tools' requests: a server on loopback that keeps what it received, and the fetch of tools that ask it.

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Knex } from 'knex';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { openDatabase } from '../../src/postgres/connection.ts';
import { effectFetch } from '../../src/steps/effect-fetch.ts';
import type { EffectIdentity } from '../../src/steps/receipt.ts';
import { freshDatabase, type TestDatabase } from './database.ts';

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

export class ShopServer {
  url = '';
  database!: TestDatabase;
  db!: Knex;
  received: Received[] = [];
  answer: (request: Received, response: ServerResponse) => void | Promise<void> = () => {};
  /** A step of its own for each test. */
  stepId = 0;
  readonly #server = createServer((request, response) => void this.serve(request, response));

  async open(): Promise<void> {
    this.database = await freshDatabase();
    this.db = openDatabase(this.database.url, { max: 4, name: 'test' });
    this.url = await listen(this.#server);
  }

  begin(): void {
    this.received = [];
    this.stepId += 1;
    this.answer = (_request, response) =>
      void response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":1}');
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.db?.destroy();
    await this.database?.drop();
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url, headers } = request;
    const whole = { method: method!, path: url!, headers, body: await buffer(request) };
    this.received.push(whole);
    await this.answer(whole, response);
  }

  get key(): string {
    return `hf_${this.stepId}`;
  }

  /** The `fetch` of one execution of a tool's body. */
  fetch(rest: Partial<EffectIdentity> = {}, db = this.db): typeof globalThis.fetch {
    return effectFetch(db, {
      runId: 'run',
      stepId: this.stepId,
      tool: 'Shop.charge',
      key: this.key,
      attempt: 1,
      signal: new AbortController().signal,
      traceparent: TRACE,
      ...rest,
    });
  }

  /** What the view shows of the test's step. */
  effects(): Promise<any[]> {
    return this.database.query('SELECT * FROM holdfast.effects WHERE step_id = $1 ORDER BY ordinal, key', [
      this.stepId,
    ]);
  }

  /** The keys that arrived. */
  keys(): unknown[] {
    return this.received.map(({ headers }) => headers['idempotency-key']);
  }
}

/** Opens a shop for the tests of a file. */
export function openShop(): ShopServer {
  const shop = new ShopServer();
  beforeAll(() => shop.open());
  beforeEach(() => shop.begin());
  afterAll(() => shop.close());
  return shop;
}

/** Has `server` listen on a free port of loopback. Returns its URL, without a path. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Returns a URL where nobody listens. */
export async function deserted(): Promise<string> {
  const server = createServer();
  const url = await listen(server);
  server.close();
  await once(server, 'close');
  return url;
}

export function post(body: NonNullable<RequestInit['body']>): RequestInit {
  return { method: 'POST', body };
}
