// The systems of an office in a process of their own: accounts, access, and a post room. Everything is done once for each key.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import type { Mail } from './office-client.ts';

/** Something that was made, and perhaps taken back. */
interface Made {
  id: string;
  what: string;
  body: Record<string, unknown>;
  isGone: boolean;
}

interface Answer {
  status: number;
  body: unknown;
}

const KINDS = new Set(['accounts', 'grants', 'mails']);

/** The books of the office. */
export class Office {
  /** By the key under which it was made. */
  readonly #made = new Map<string, Made>();
  readonly #onMail: (mail: Mail) => void;

  /** `onMail` is called once for each mail. */
  constructor(onMail: (mail: Mail) => void = () => {}) {
    this.#onMail = onMail;
  }

  /** Returns what there is of a kind: `accounts`, `grants` or `mails`. */
  list(what: string): Record<string, unknown>[] {
    return [...this.#made.values()].filter((made) => made.what === what && !made.isGone).map(({ body }) => body);
  }

  /** Answers one request: POST makes something, GET looks for it by its key, DELETE takes it back by id or by key. */
  async answer(request: IncomingMessage): Promise<Answer> {
    const [, what = '', name = ''] = decodeURIComponent(request.url ?? '').split('/');
    if (!KINDS.has(what)) return { status: 404, body: { error: `there are no ${what}` } };
    if (request.method === 'POST') {
      const key = request.headers['idempotency-key'];
      if (typeof key !== 'string') return { status: 400, body: { error: 'an Idempotency-Key is missing' } };
      return this.#make(what, key, (await json(request)) as Record<string, unknown>);
    }
    const found = this.#made.get(name) ?? [...this.#made.values()].find(({ id }) => id === name);
    if (request.method === 'DELETE') {
      // What was never made needs no taking back.
      if (found) found.isGone = true;
      return { status: 200, body: { removed: found !== undefined } };
    }
    return found ? { status: 200, body: { id: found.id } } : { status: 404, body: { error: `there is no '${name}'` } };
  }

  /** Nothing is awaited between the look and the act, so that two requests with one key act once. */
  #make(what: string, key: string, body: Record<string, unknown>): Answer {
    const earlier = this.#made.get(key);
    if (earlier) return { status: 200, body: { id: earlier.id } };
    const id = `${what}-${this.#made.size + 1}`;
    this.#made.set(key, { id, what, body, isGone: false });
    if (what === 'mails') this.#onMail(body as unknown as Mail);
    return { status: 201, body: { id } };
  }
}

/** Serves `office` on loopback. Resolves once it takes requests. */
export async function serveOffice(office: Office, port: number): Promise<Server> {
  const server = createServer((request, response) => void respond(office, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function respond(office: Office, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await office
    .answer(request)
    .catch((error: Error) => ({ status: 400, body: { error: error.message } }));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const port = Number(process.env.OFFICE_PORT || 3200);
  await serveOffice(new Office(({ to, text }) => process.stdout.write(`\nMail to ${to}\n${text}\n`)), port);
  process.stdout.write(`The office listens on http://127.0.0.1:${port}\n`);
}
