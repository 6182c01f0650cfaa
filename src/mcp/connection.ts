// The connection to an MCP server: made when it is first needed, made again after it was lost, and given back when the app stops.

import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { RetryableError } from '../core/errors.ts';
import { packageVersion } from '../lib/package-version.ts';
import { urlForPeople } from '../steps/effect-url.ts';
import type { HeaderValues, HttpServer, McpServerOptions } from './options.ts';
import { type Reader, watched } from './stream.ts';

/** How long a server has to say which protocol it speaks. */
const CONNECT_MS = 30_000;
/** How long a list of tools is good where the server does not say. */
const LIST_MS = 60_000;
/** The header by which a request is known to belong to a call. */
export const KEY_HEADER = 'idempotency-key';

/** Other answers than those to calls only have a bound: one that is cut off cannot be read. */
const NOBODY: Reader = { ended: () => {}, tooLong: () => {} };

/** A connection that is made lazily. */
export class Connection {
  readonly #options: McpServerOptions;
  /** Who is told of the answers to calls, by the calls' keys. */
  readonly #readers = new Map<string, Reader>();
  #client: Promise<Client> | undefined;
  /** Ends what the connection that is being made waits for. */
  #closing = new AbortController();

  constructor(options: McpServerOptions) {
    this.#options = options;
  }

  /** How people are shown where the server is. */
  get address(): string {
    return 'url' in this.#options ? urlForPeople(String(this.#options.url)) : `mcp:${this.#options.name}`;
  }

  /** Returns the client, connected. It speaks revision 2026-07-28 of the protocol, or 2025-11-25 and older with servers that know no other. */
  async client(): Promise<Client> {
    this.#client ??= this.#connect();
    const connecting = this.#client;
    try {
      const client = await connecting;
      if (client.transport) return client;
    } catch (error) {
      if (this.#client === connecting) this.#client = undefined;
      throw error;
    }
    // It was closed from the other side.
    if (this.#client === connecting) this.#client = undefined;
    return this.client();
  }

  /** Has the next call connect anew: the server does not know this connection any more. */
  forget(): void {
    const forgotten = this.#client;
    this.#client = undefined;
    void forgotten?.then((client) => client.close()).catch(() => {});
  }

  async close(): Promise<void> {
    const closing = this.#client;
    this.#client = undefined;
    this.#closing.abort();
    this.#closing = new AbortController();
    await closing?.then((client) => client.close()).catch(() => {});
  }

  /** Runs `call`; meanwhile `reader` is told of bodies that answer requests with this key. */
  async watching<T>(key: string, reader: Reader, call: () => Promise<T>): Promise<T> {
    this.#readers.set(key, reader);
    try {
      return await call();
    } finally {
      this.#readers.delete(key);
    }
  }

  async #connect(): Promise<Client> {
    const client = new Client(
      { name: 'holdfast', version: packageVersion() },
      {
        versionNegotiation: { mode: 'auto' },
        inputRequired: { autoFulfill: false },
        defaultCacheTtlMs: LIST_MS,
        // Results are data for a model, which has to make do with them as they are.
        jsonSchemaValidator: {
          getValidator: () => (data) => ({ valid: true, data: data as never, errorMessage: undefined }),
        },
      },
    );
    const transport = this.#transport();
    const { signal } = this.#closing;
    const onClose = (): void => void transport.close().catch(() => {});
    signal.addEventListener('abort', onClose);
    try {
      await client.connect(transport, { timeout: CONNECT_MS });
      return client;
    } finally {
      signal.removeEventListener('abort', onClose);
    }
  }

  #transport(): Transport {
    const options = this.#options;
    if ('transport' in options) return options.transport();
    return new StreamableHTTPClientTransport(new URL(options.url), {
      fetch: async (url, init) => this.#fetch(options, url, init),
    });
  }

  async #fetch({ headers: given = {} }: HttpServer, url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(typeof given === 'function' ? await this.#made(given) : given)) {
      if (!headers.has(name)) headers.set(name, value);
    }
    const answer = await fetch(url, { ...init, headers });
    return watched(answer, this.#readers.get(headers.get(KEY_HEADER) ?? '') ?? NOBODY);
  }

  /** @throws RetryableError `mcp_headers_failed`, without the words of the error, in which there may be secrets */
  async #made(headers: () => HeaderValues | Promise<HeaderValues>): Promise<HeaderValues> {
    try {
      return await headers();
    } catch (error) {
      throw new RetryableError(
        'mcp_headers_failed',
        `The headers for the MCP server '${this.#options.name}' could not be made (${(error as Error).name}).`,
        { cause: error },
      );
    }
  }
}
