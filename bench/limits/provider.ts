// A stand-in for a provider that enforces requests and tokens a minute as real ones do: with buckets that fill all the time, 429 with
// `Retry-After` when there is not enough in them, and what is left in the headers of every answer.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chanceOf } from '../money/random.ts';

export interface Quota {
  /** A minute. */
  requests: number;
  tokens: number;
}

/** A call that was answered. */
export interface Answered {
  /** What the prompt begins with. */
  id: string;
  /** By `performance.now()`. */
  at: number;
  tokens: number;
}

export interface Provider {
  /** The base URL. */
  url: string;
  answered: Answered[];
  /** When each refused call came. */
  refused: number[];
  close(): Promise<void>;
}

/** What is in a bucket at the beginning, as a part of what it holds: a minute's quota. */
const AT_FIRST = 1 / 12;
const SEED = 7;

/** A bucket that holds a minute's quota. */
class Bucket {
  readonly #perMinute: number;
  #left: number;
  #at = performance.now();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#left = perMinute * AT_FIRST;
  }

  get left(): number {
    const now = performance.now();
    this.#left = Math.min(this.#perMinute, this.#left + ((now - this.#at) * this.#perMinute) / 60_000);
    this.#at = now;
    return this.#left;
  }

  /** Returns how many seconds it takes until `amount` is there. */
  waitFor(amount: number): number {
    return Math.max(0, ((amount - this.left) * 60) / this.#perMinute);
  }

  take(amount: number): void {
    this.#left = this.left - amount;
  }
}

/** Starts one. Each call takes from half a second to one and a half, and is answered with up to `max_tokens` tokens; which depends on its id. */
export async function startProvider(quota: Quota): Promise<Provider> {
  const buckets = { requests: new Bucket(quota.requests), tokens: new Bucket(quota.tokens) };
  const answered: Answered[] = [];
  const refused: number[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const prompt = Math.ceil(JSON.stringify(body.messages).length / 4);
    const most = prompt + body.max_tokens;
    const wait = Math.max(buckets.requests.waitFor(1), buckets.tokens.waitFor(most));
    if (wait === 0) {
      buckets.requests.take(1);
      buckets.tokens.take(most);
    }
    const headers = {
      'content-type': 'application/json',
      'x-ratelimit-limit-requests': String(quota.requests),
      'x-ratelimit-limit-tokens': String(quota.tokens),
      'x-ratelimit-remaining-requests': String(Math.floor(buckets.requests.left)),
      'x-ratelimit-remaining-tokens': String(Math.floor(Math.max(0, buckets.tokens.left))),
    };
    if (wait > 0) {
      refused.push(performance.now());
      const error = { message: 'Too many.', type: 'rate_limit_exceeded', code: 'rate_limit_exceeded' };
      response.writeHead(429, { ...headers, 'retry-after': String(Math.ceil(wait)) }).end(JSON.stringify({ error }));
      return;
    }
    const id = idOf(body.messages);
    const output = Math.ceil(body.max_tokens * chanceOf(`${id} output`, SEED));
    await new Promise((resolve) => setTimeout(resolve, 500 + 1000 * chanceOf(`${id} time`, SEED)));
    buckets.tokens.take(prompt + output - most);
    answered.push({ id, at: performance.now(), tokens: prompt + output });
    response.writeHead(200, headers).end(JSON.stringify(completion(id, body.model, prompt, output)));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    answered,
    refused,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Body {
  model: string;
  messages: { content: string | { text?: string }[] }[];
  max_tokens: number;
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Body;
}

function idOf(messages: Body['messages']): string {
  const content = messages.at(-1)!.content;
  const text = typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
  return text.split(' ', 1)[0]!;
}

function completion(id: string, model: string, prompt: number, output: number): object {
  return {
    id,
    object: 'chat.completion',
    created: 0,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: 'Done.' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output },
  };
}
