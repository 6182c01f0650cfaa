// An OpenAI-compatible endpoint that is well or fails in a way of its own, byte by byte.

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault = 'hangs' | 'resets' | '500' | '429' | 'garbage' | 'empty' | 'dies' | 'stalls';

export class FaultyEndpoint {
  /** What it does; undefined while it is well. */
  fault: Fault | undefined;
  /** How many requests it got. */
  requests = 0;
  /** How many bytes of a stream are sent at a time. */
  chunkBytes = 1_000_000;
  text: string;
  /** What it says that it has used. */
  usage: object | undefined = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  readonly #server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => {
      this.requests += 1;
      const { stream } = JSON.parse(Buffer.concat(body).toString()) as { stream?: boolean };
      void this.#answer(response, stream === true);
    });
  });

  constructor(text: string) {
    this.text = text;
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(response: ServerResponse, isStream: boolean): Promise<void> {
    const type = isStream ? 'text/event-stream' : 'application/json';
    const body = Buffer.from(isStream ? this.#events() : JSON.stringify(this.#completion()));
    switch (this.fault) {
      case 'hangs':
        return;
      case 'resets':
        response.socket?.resetAndDestroy();
        return;
      case '500':
      case '429':
        response.writeHead(Number(this.fault), { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: 'Out of order.', type: 'server_error' } }));
        return;
      case 'garbage':
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<html><body>Welcome to your new gateway!</body></html>');
        return;
      case 'empty':
        response.writeHead(200, { 'content-type': type });
        response.end();
        return;
      default:
        response.writeHead(200, { 'content-type': type });
        return this.#send(response, body);
    }
  }

  async #send(response: ServerResponse, body: Buffer): Promise<void> {
    if (this.fault === 'dies' || this.fault === 'stalls') {
      response.write(body.subarray(0, body.length / 2), () => {
        if (this.fault === 'dies') response.socket?.destroy();
      });
      return;
    }
    for (let at = 0; at < body.length; at += this.chunkBytes) {
      response.write(body.subarray(at, at + this.chunkBytes));
      // So that each piece is a packet of its own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  }

  #completion(): object {
    const message = { role: 'assistant', content: this.text };
    return {
      id: '1',
      object: 'chat.completion',
      created: 0,
      model: 'faulty',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      ...(this.usage && { usage: this.usage }),
    };
  }

  #events(): string {
    const chunk = (delta: object, finish: string | null = null) => ({
      id: '1',
      object: 'chat.completion.chunk',
      created: 0,
      model: 'faulty',
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    const words = this.text.match(/\S+\s*|\s+/g) ?? [];
    const chunks = [
      chunk({ role: 'assistant' }),
      ...words.map((content) => chunk({ content })),
      { ...chunk({}, 'stop'), ...(this.usage && { usage: this.usage }) },
    ];
    return `${chunks.map((item) => `data: ${JSON.stringify(item)}\n\n`).join('')}data: [DONE]\n\n`;
  }
}
