// A small shop in a process of its own: it knows orders, pays back and takes back, sends letters, and does everything once for each key.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import type { Order, Refund, Sent } from './shop-client.ts';

interface Answer {
  status: number;
  body: unknown;
}

/** The shop's books. */
export class Shop {
  readonly orders = new Map<string, Order>();
  readonly refunds = new Map<string, Refund & { isReversed: boolean }>();
  readonly letters = new Map<string, Sent & { to: string }>();
  /** What was answered to a key: a repeat gets the same answer, and does nothing. */
  readonly #answers = new Map<string, Answer>();

  constructor() {
    for (let n = 1; n <= 100; n += 1) {
      this.orders.set(`A-${n}`, { id: `A-${n}`, customer: `customer${n}@example.com`, cents: n * 100 });
    }
  }

  /** Answers one request. */
  async answer(request: IncomingMessage): Promise<Answer> {
    const [, what, id, ...rest] = decodeURIComponent(request.url ?? '').split('/');
    if (request.method === 'GET') return this.#look(what, id);
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return { status: 400, body: { error: 'an Idempotency-Key is missing' } };
    const body = what === 'refunds' && id !== undefined ? {} : await json(request);
    // Nothing is awaited between the look and the act, so that two requests with one key act once.
    const earlier = this.#answers.get(key);
    if (earlier) return earlier;
    const answer = id === undefined ? this.#make(what, key, body) : this.#reverse(id, rest);
    this.#answers.set(key, answer);
    return answer;
  }

  #look(what: string | undefined, id = ''): Answer {
    const found = what === 'orders' ? this.orders.get(id) : this.letters.get(id);
    return found ? { status: 200, body: found } : { status: 404, body: { error: `there is no '${id}'` } };
  }

  #make(what: string | undefined, key: string, body: unknown): Answer {
    if (what === 'letters') {
      const letter = { id: `L-${this.letters.size + 1}`, to: (body as { to: string }).to };
      this.letters.set(key, letter);
      return { status: 201, body: letter };
    }
    const { orderId, cents } = body as { orderId: string; cents: number };
    const order = this.orders.get(orderId);
    if (!order) return { status: 404, body: { error: `there is no order '${orderId}'` } };
    if (cents > order.cents - this.paidBack(orderId))
      return { status: 422, body: { error: 'that is more than was paid' } };
    const refund = { id: `R-${this.refunds.size + 1}`, orderId, cents, isReversed: false };
    this.refunds.set(key, refund);
    return { status: 201, body: refund };
  }

  #reverse(id: string, [key]: string[]): Answer {
    const refund =
      id === 'by-key' ? this.refunds.get(key ?? '') : [...this.refunds.values()].find((made) => made.id === id);
    // What was never made needs no taking back.
    if (refund) refund.isReversed = true;
    return { status: 200, body: { reversed: refund !== undefined } };
  }

  /** How much of an order was paid back, in cents. */
  paidBack(orderId: string): number {
    const refunds = [...this.refunds.values()].filter((refund) => refund.orderId === orderId && !refund.isReversed);
    return refunds.reduce((sum, { cents }) => sum + cents, 0);
  }
}

/** Serves `shop` on loopback. Resolves once it takes requests. */
export async function serveShop(shop: Shop, port: number): Promise<Server> {
  const server = createServer((request, response) => void respond(shop, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function respond(shop: Shop, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await shop
    .answer(request)
    .catch((error: Error) => ({ status: 400, body: { error: error.message } }));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const port = Number(process.env.SHOP_PORT || 3100);
  await serveShop(new Shop(), port);
  process.stdout.write(`The shop listens on http://127.0.0.1:${port}\n`);
}
