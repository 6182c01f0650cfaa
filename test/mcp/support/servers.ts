// MCP servers that keep a shop's books: one that speaks revision 2026-07-28 only, one that knows no newer than 2025-11-25.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** What reached a server, and how it behaves. */
export interface Books {
  /** The calls that were made, as `name(args)`. */
  done: string[];
  /** Keys and traces of the calls, in `_meta` and in headers, in the order of `done`. */
  keys: { meta: unknown; header: unknown; traceMeta: unknown; traceHeader: unknown; authorization: unknown }[];
  /** Methods of all requests. */
  methods: string[];
  /** The next answers to this call are lost: its stream begins, and the connection breaks. */
  loses: { call: string; times: number } | undefined;
  /** Calls are made, and answered once this is. */
  stuck: Promise<void> | undefined;
  /** The next answers to calls are this status instead. */
  refuses: number[];
}

/** A server that runs. */
export interface RunningServer {
  url: string;
  books: Books;
  /** Nobody is there any more, until `begin`. */
  end(): Promise<void>;
  begin(): Promise<void>;
  /** Sessions that were begun are not known any more. */
  forgetSessions(): void;
}

type Handle = (request: IncomingMessage, response: ServerResponse, body: string) => Promise<void>;

const Query = z.object({ query: z.string() });
const Item = z.object({ item: z.string() });

/** Both servers have the same tools; their libraries only look alike. */
function register(server: any, books: Books): void {
  const answer = (value: string): unknown => ({ content: [{ type: 'text', text: value }] });
  const add = (name: string, config: object, body: (args: any) => unknown): void => {
    server.registerTool(name, { description: `Does ${name}`, ...config }, async (args: any) => {
      books.done.push(`${name}(${JSON.stringify(args)})`);
      await books.stuck;
      return body(args);
    });
  };
  const hints = { readOnlyHint: false, destructiveHint: true };
  add('search', { inputSchema: Query, annotations: hints }, ({ query }) => answer(`found ${query}`));
  add('stock', { inputSchema: Item, outputSchema: z.object({ left: z.number() }) }, () => ({
    content: [{ type: 'text', text: '{"left":3}' }],
    structuredContent: { left: 3 },
  }));
  add('order', { inputSchema: Item }, ({ item }) => answer(`ordered ${item}`));
  add('cancel', { inputSchema: Item }, ({ item }) => answer(`cancelled ${item}`));
  add('mail', { inputSchema: Item }, ({ item }) => answer(`mailed ${item}`));
  add('broken', { inputSchema: Item }, () => ({ ...(answer('The till is shut.') as object), isError: true }));
  add('picture', { inputSchema: Item }, ({ item }) => ({
    content: [
      { type: 'text', text: 'Look:' },
      { type: 'image', mimeType: 'image/png', data: Buffer.alloc(300).toString('base64') },
      { type: 'resource_link', uri: `shop://${item}`, name: item },
      { type: 'resource', resource: { uri: 'shop://note', text: 'A note.' } },
    ],
  }));
  add('flood', { inputSchema: Item }, () => answer('x'.repeat(33 * 1024 * 1024)));
  add(
    'slow',
    { inputSchema: Item },
    () => new Promise((resolve) => setTimeout(() => resolve(answer('late')), 60_000).unref()),
  );
}

function newBooks(): Books {
  return { done: [], keys: [], methods: [], loses: undefined, stuck: undefined, refuses: [] };
}

/** Starts a server of the newest revision, which answers by streams of events. */
export async function startNewServer(): Promise<RunningServer> {
  const books = newBooks();
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'shop', version: '1.0.0' });
      register(server, books);
      server.registerTool('ask', { description: 'Asks', inputSchema: Item }, async () =>
        inputRequired({
          inputRequests: {
            size: {
              method: 'elicitation/create',
              params: { mode: 'form', message: 'Which size?', requestedSchema: { type: 'object', properties: {} } },
            },
          } as never,
        }),
      );
      return server;
    },
    { legacy: 'reject', responseMode: 'sse' },
  );
  const handle: Handle = async (request, response, body) => {
    const headers = request.headers as Record<string, string>;
    const url = `http://${headers.host}${request.url}`;
    const asked = new Request(url, { method: request.method!, headers, ...(body !== '' && { body }) });
    const answer = await handler.fetch(asked);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body) Readable.fromWeb(answer.body as never).pipe(response);
    else response.end();
  };
  return listen(handle, books, () => {});
}

/** Starts a server of an older revision, which begins sessions. */
export async function startOldServer(): Promise<RunningServer> {
  const books = newBooks();
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const begin = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = new OldServer({ name: 'old shop', version: '1.0.0' });
    register(server, books);
    await server.connect(transport);
    return transport;
  };
  const handle: Handle = async (request, response, body) => {
    const known = request.headers['mcp-session-id'] as string | undefined;
    const message = body === '' ? undefined : JSON.parse(body);
    const isBeginning = known === undefined && message?.method === 'initialize';
    const transport = isBeginning ? await begin() : sessions.get(known ?? '');
    if (!transport) {
      response.writeHead(known === undefined ? 400 : 404).end();
      return;
    }
    await transport.handleRequest(request, response, message);
  };
  return listen(handle, books, () => sessions.clear());
}

async function listen(handle: Handle, books: Books, forgetSessions: () => void): Promise<RunningServer> {
  let server = await open(handle, books, 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp?token=hush`,
    books,
    forgetSessions,
    end: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    begin: async () => {
      server = await open(handle, books, port);
    },
  };
}

async function open(handle: Handle, books: Books, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    void serveOne(handle, books, request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

async function serveOne(
  handle: Handle,
  books: Books,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await text(request);
  const message = body === '' ? undefined : JSON.parse(body);
  if (message?.method) books.methods.push(message.method);
  if (message?.method !== 'tools/call') return handle(request, response, body);
  const { name, _meta: meta } = message.params;
  const { headers } = request;
  const refused = books.refuses.shift();
  if (refused !== undefined) {
    response.writeHead(refused).end('secret words of the server');
    return;
  }
  books.keys.push({
    meta: meta['holdfast/idempotency-key'],
    header: headers['idempotency-key'],
    traceMeta: meta.traceparent,
    traceHeader: headers.traceparent,
    authorization: headers.authorization,
  });
  const { loses } = books;
  if (!loses || loses.call !== name || loses.times === 0) return handle(request, response, body);
  loses.times -= 1;
  books.done.push(`${name}(${JSON.stringify(message.params.arguments)})`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': it begins\n\n', () => request.socket.destroy());
}
