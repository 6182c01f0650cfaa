// A scripted model behind real HTTP: an OpenAI-compatible server on loopback for tests and benches, with the faults of
// real ones.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '../core/errors.ts';
import type { Schema } from '../inference/local/fill/schema.ts';
import { answerText, turnOf, type Script, type Turn } from './scripted-model.ts';

/** The body of `POST /v1/chat/completions`, as far as scripts look at it. */
export interface ChatRequest {
  model: string;
  messages: { role: string; content: unknown; tool_calls?: unknown[]; tool_call_id?: string }[];
  tools?: { type: string; function: { name: string; description?: string; parameters?: unknown } }[];
  tool_choice?: unknown;
  response_format?: { type: string; json_schema?: { name: string; schema?: unknown; strict?: boolean } };
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  [setting: string]: unknown;
}

/** A request as it came in. `at` is in milliseconds since 1970. */
export interface RecordedRequest {
  headers: IncomingMessage['headers'];
  body: ChatRequest;
  at: number;
}

export interface ModelServerOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  /** When given, requests without this bearer token are answered with 401. */
  apiKey?: string;
  /** Whether requests are kept in `requests`; a bench switches it off. */
  record?: boolean;
  /** What `GET /v1/models` lists. */
  models?: readonly string[];
}

export interface ModelServer {
  /** The base URL, ending in `/v1`. */
  url: string;
  /** The chat requests so far, in order of arrival. */
  requests: RecordedRequest[];
  /** Ends every connection, hanging ones too, and the server. */
  close(): Promise<void>;
}

interface Serving {
  script: Script<ChatRequest>;
  options: ModelServerOptions;
  requests: RecordedRequest[];
  closing: AbortController;
  count: number;
}

/**
 * Starts the server on 127.0.0.1. Each chat request gets the script's next turn; the n that a script function is given
 * counts from 0.
 */
export async function startModelServer(
  script: Script<ChatRequest>,
  options: ModelServerOptions = {},
): Promise<ModelServer> {
  const serving: Serving = { script, options, requests: [], closing: new AbortController(), count: 0 };
  const server = createServer((request, response) => {
    handle(serving, request, response).catch((error: unknown) => fail(response, error));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests: serving.requests,
    async close() {
      serving.closing.abort();
      server.closeAllConnections();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function handle(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?')[0];
  if (serving.options.apiKey !== undefined && request.headers.authorization !== `Bearer ${serving.options.apiKey}`) {
    return answerError(response, 401, 'invalid_api_key', 'The API key is missing or wrong.');
  }
  if (request.method === 'GET' && path === '/v1/models') {
    const data = (serving.options.models ?? ['scripted']).map((id) => ({
      id,
      object: 'model',
      created: 0,
      owned_by: 'test',
    }));
    return answerJson(response, 200, { object: 'list', data });
  }
  if (request.method !== 'POST' || path !== '/v1/chat/completions')
    return answerError(response, 404, 'not_found', `There is no ${request.method} ${path} here.`);
  const body = await bodyOf(request);
  if (body === undefined)
    return answerError(response, 400, 'invalid_json', 'The body is not a JSON object with messages.');
  const n = serving.count++;
  if (serving.options.record !== false) serving.requests.push({ headers: request.headers, body, at: Date.now() });
  await play(serving, await turnOf(serving.script, body, n), body, n, response);
}

async function bodyOf(request: IncomingMessage): Promise<ChatRequest | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as ChatRequest;
    return Array.isArray(body.messages) ? body : undefined;
  } catch {
    return undefined;
  }
}

/** Does what the turn says. */
async function play(
  serving: Serving,
  turn: Turn,
  body: ChatRequest,
  n: number,
  response: ServerResponse,
): Promise<void> {
  if (turn.delayMs !== undefined && turn.delayMs > 0) {
    const waited = await delay(turn.delayMs, true, { signal: serving.closing.signal }).catch(() => false);
    if (!waited) return;
  }
  if (turn.hang) return;
  if (turn.reset) {
    response.socket?.resetAndDestroy();
    return;
  }
  if (turn.status !== undefined) {
    if (turn.retryAfter !== undefined) response.setHeader('retry-after', String(turn.retryAfter));
    return answerError(
      response,
      turn.status,
      turn.status === 429 ? 'rate_limit_exceeded' : 'scripted_error',
      turn.error ?? `Scripted status ${turn.status}.`,
    );
  }
  const isStream = turn.events !== undefined || (body.stream === true && turn.body === undefined);
  const { type, text } = isStream
    ? { type: 'text/event-stream', text: turn.events ? eventsText(turn.events) : streamed(turn, body, n) }
    : { type: 'application/json', text: JSON.stringify(turn.body ?? completion(turn, body, n)) };
  send(response, type, Buffer.from(text), turn.cutAfterBytes);
}

/** Sends the body whole, or the first bytes of it before the connection is closed. */
function send(response: ServerResponse, type: string, body: Buffer, cutAfterBytes: number | undefined): void {
  response.writeHead(
    200,
    type === 'application/json'
      ? { 'content-type': type, 'content-length': body.length }
      : { 'content-type': type, 'cache-control': 'no-cache' },
  );
  if (cutAfterBytes === undefined) {
    response.end(body);
    return;
  }
  const { socket } = response;
  response.write(body.subarray(0, cutAfterBytes), () => socket?.end());
}

function completion(turn: Turn, body: ChatRequest, n: number): object {
  const text = textOf(turn, body);
  const message = {
    role: 'assistant',
    content: text === '' ? null : text,
    ...(turn.toolCalls && { tool_calls: toolCalls(turn, n) }),
  };
  return {
    id: `chatcmpl-${n}`,
    object: 'chat.completion',
    created: 0,
    model: body.model,
    choices: [{ index: 0, message, finish_reason: finishReason(turn) }],
    usage: usage(turn, body, text),
  };
}

/**
 * The same answer as server-sent events: the text word by word, each tool call in two pieces, the usage if asked for,
 * and `[DONE]`.
 */
function streamed(turn: Turn, body: ChatRequest, n: number): string {
  const text = textOf(turn, body);
  const base = { id: `chatcmpl-${n}`, object: 'chat.completion.chunk', created: 0, model: body.model };
  const chunk = (delta: object, finish: string | null = null) => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const chunks: object[] = [chunk({ role: 'assistant' })];
  for (const word of text.match(/\S+\s*|\s+/g) ?? []) chunks.push(chunk({ content: word }));
  toolCalls(turn, n).forEach(({ id, type, function: { name, arguments: args } }, index) => {
    const middle = Math.ceil(args.length / 2);
    chunks.push(chunk({ tool_calls: [{ index, id, type, function: { name, arguments: args.slice(0, middle) } }] }));
    chunks.push(chunk({ tool_calls: [{ index, function: { arguments: args.slice(middle) } }] }));
  });
  chunks.push(chunk({}, finishReason(turn)));
  if (body.stream_options?.include_usage) chunks.push({ ...base, choices: [], usage: usage(turn, body, text) });
  return eventsText(chunks);
}

function eventsText(events: readonly object[]): string {
  return `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`;
}

function textOf(turn: Turn, body: ChatRequest): string {
  const format = body.response_format;
  const schema =
    format?.type === 'json_schema'
      ? ((format.json_schema?.schema ?? {}) as Schema)
      : format?.type === 'json_object'
        ? { type: 'object' }
        : undefined;
  return answerText(turn, schema);
}

function toolCalls(
  turn: Turn,
  n: number,
): { id: string; type: 'function'; function: { name: string; arguments: string } }[] {
  return (turn.toolCalls ?? []).map((call, index) => ({
    id: call.id ?? `call_${n}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.args) },
  }));
}

function finishReason(turn: Turn): string {
  return turn.toolCalls && turn.toolCalls.length > 0 ? 'tool_calls' : 'stop';
}

function usage(turn: Turn, body: ChatRequest, text: string): object {
  const prompt = turn.usage?.inputTokens ?? Math.ceil(JSON.stringify(body.messages).length / 4);
  const output = turn.usage?.outputTokens ?? Math.ceil((text.length + JSON.stringify(turn.toolCalls ?? '').length) / 4);
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: turn.usage?.cachedTokens ?? 0 },
  };
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function answerError(response: ServerResponse, status: number, code: string, message: string): void {
  answerJson(response, status, { error: { message, type: code, code } });
}

/** A script that throws or has ended is the test's fault: 400, so that nobody tries again. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) return;
  answerError(
    response,
    400,
    error instanceof HoldfastError ? error.code : 'script_failed',
    error instanceof Error ? error.message : String(error),
  );
}
