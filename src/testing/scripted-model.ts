// A language model that says what a test tells it to, inside the process: answers, tool calls, refusals, delays and
// broken streams.

import { setTimeout as delay } from 'node:timers/promises';
import {
  APICallError,
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4Content,
  type LanguageModelV4StreamPart,
  type LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { TerminalError } from '../core/errors.ts';
import { minimalValue } from '../inference/local/fill/minimal.ts';
import type { Schema } from '../inference/local/fill/schema.ts';

/**
 * What the model does in answer to one call. An empty turn answers `OK`, or the emptiest JSON that the requested schema
 * allows.
 */
export interface Turn {
  text?: string;
  /** Answered as JSON text. */
  json?: unknown;
  toolCalls?: { id?: string; name: string; args: unknown }[];
  /** Token counts; what is left out is estimated at four characters a token. */
  usage?: { inputTokens?: number; outputTokens?: number; cachedTokens?: number };
  /** Milliseconds before the answer begins. */
  delayMs?: number;
  /** An HTTP status such as 429 or 503 instead of an answer. */
  status?: number;
  /** The message that goes with `status`. */
  error?: string;
  /** The `Retry-After` header that goes with `status`: seconds, or an HTTP date. */
  retryAfter?: number | string;
  /** No answer at all, until the caller gives up or the server is closed. */
  hang?: boolean;
  /** The connection is closed properly, but after this many bytes of the answer's body. */
  cutAfterBytes?: number;
  /** The connection is reset instead of answered. */
  reset?: boolean;
  /** The body of the answer as it is, for what only some servers write; of the model server only. */
  body?: object;
  /** The events of a streamed answer as they are, before `[DONE]`; of the model server only. */
  events?: readonly object[];
}

/**
 * The turns one by one, or a function of the request and its number from 0. One request more than there are turns is an
 * error.
 */
export type Script<Request> = readonly Turn[] | ((request: Request, n: number) => Turn | Promise<Turn>);

export interface ScriptedModel extends LanguageModelV4 {
  /** The options of each call, in order. */
  readonly calls: LanguageModelV4CallOptions[];
}

/**
 * A model that follows the script. `modelId` is what it calls itself. Throws TerminalError `script_exhausted` beyond
 * the last turn.
 */
export function scriptedModel(script: Script<LanguageModelV4CallOptions>, modelId = 'scripted'): ScriptedModel {
  const calls: LanguageModelV4CallOptions[] = [];
  const begin = async (options: LanguageModelV4CallOptions) => {
    const n = calls.push(options) - 1;
    const turn = await turnOf(script, options, n);
    await fate(turn, options.abortSignal);
    return { turn, n };
  };
  return {
    specificationVersion: 'v4',
    provider: 'scripted',
    modelId,
    supportedUrls: {},
    calls,
    async doGenerate(options) {
      const { turn, n } = await begin(options);
      if (turn.cutAfterBytes !== undefined) throw broken('ECONNRESET');
      const content = contentOf(turn, options, n);
      return {
        content,
        finishReason: finishOf(turn),
        usage: usageOf(turn, options, content),
        warnings: [],
        response: { modelId },
      };
    },
    async doStream(options) {
      const { turn, n } = await begin(options);
      return { stream: ReadableStream.from(partsOf(turn, options, n)) };
    },
  };
}

/** The n-th turn of a script. */
export async function turnOf<Request>(script: Script<Request>, request: Request, n: number): Promise<Turn> {
  if (typeof script === 'function') return script(request, n);
  const turn = script[n];
  if (turn === undefined)
    throw new TerminalError(
      'script_exhausted',
      `The scripted model was called ${n + 1} times, but its script has ${script.length} turns.`,
    );
  return turn;
}

/**
 * The answer's text: the turn's own, or where JSON of a schema was asked for and none is given, the emptiest valid
 * value.
 */
export function answerText(turn: Turn, schema: Schema | undefined): string {
  if (turn.text !== undefined) return turn.text;
  if (turn.json !== undefined) return JSON.stringify(turn.json);
  if (schema !== undefined) return JSON.stringify(minimalValue(schema, schema));
  return turn.toolCalls === undefined ? 'OK' : '';
}

/** Waits, hangs or fails as the turn says. */
async function fate(turn: Turn, signal: AbortSignal | undefined): Promise<void> {
  try {
    if (turn.delayMs !== undefined) await delay(turn.delayMs, undefined, signal ? { signal } : {});
    if (turn.hang) await forever(signal);
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
  signal?.throwIfAborted();
  if (turn.reset) throw broken('ECONNRESET');
  if (turn.status === undefined) return;
  throw new APICallError({
    message: turn.error ?? `Scripted status ${turn.status}.`,
    url: 'http://scripted.invalid/v1/chat/completions',
    requestBodyValues: {},
    statusCode: turn.status,
    responseHeaders: turn.retryAfter === undefined ? {} : { 'retry-after': String(turn.retryAfter) },
  });
}

function forever(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
}

function broken(code: string): APICallError {
  const cause = Object.assign(new Error(`scripted ${code}`), { code });
  return new APICallError({
    message: 'Cannot connect to API: scripted',
    url: 'http://scripted.invalid/v1/chat/completions',
    requestBodyValues: {},
    cause,
    isRetryable: true,
  });
}

function schemaOf(options: LanguageModelV4CallOptions): Schema | undefined {
  return options.responseFormat?.type === 'json' ? ((options.responseFormat.schema ?? {}) as Schema) : undefined;
}

function contentOf(turn: Turn, options: LanguageModelV4CallOptions, n: number): LanguageModelV4Content[] {
  const text = answerText(turn, schemaOf(options));
  const calls = (turn.toolCalls ?? []).map((call, index): LanguageModelV4Content => ({
    type: 'tool-call',
    toolCallId: call.id ?? `call_${n}_${index}`,
    toolName: call.name,
    input: JSON.stringify(call.args),
  }));
  return [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...calls];
}

function finishOf(turn: Turn): { unified: 'stop' | 'tool-calls'; raw: string } {
  return turn.toolCalls && turn.toolCalls.length > 0
    ? { unified: 'tool-calls', raw: 'tool_calls' }
    : { unified: 'stop', raw: 'stop' };
}

function usageOf(
  turn: Turn,
  options: LanguageModelV4CallOptions,
  content: readonly LanguageModelV4Content[],
): LanguageModelV4Usage {
  const total = turn.usage?.inputTokens ?? Math.ceil(JSON.stringify(options.prompt).length / 4);
  const cacheRead = turn.usage?.cachedTokens ?? 0;
  const output = turn.usage?.outputTokens ?? Math.ceil(JSON.stringify(content).length / 4);
  return {
    inputTokens: { total, noCache: total - cacheRead, cacheRead, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  };
}

async function* partsOf(
  turn: Turn,
  options: LanguageModelV4CallOptions,
  n: number,
): AsyncGenerator<LanguageModelV4StreamPart> {
  const content = contentOf(turn, options, n);
  let left = turn.cutAfterBytes ?? Number.POSITIVE_INFINITY;
  yield { type: 'stream-start', warnings: [] };
  for (const [index, part] of content.entries()) {
    const id = String(index);
    if (part.type === 'tool-call') yield part;
    if (part.type !== 'text') continue;
    yield { type: 'text-start', id };
    for (const delta of part.text.match(/\S+\s*|\s+/g) ?? []) {
      left -= Buffer.byteLength(delta);
      if (left < 0) throw broken('ECONNRESET');
      yield { type: 'text-delta', id, delta };
    }
    yield { type: 'text-end', id };
  }
  if (Number.isFinite(left)) throw broken('ECONNRESET');
  yield { type: 'finish', usage: usageOf(turn, options, content), finishReason: finishOf(turn) };
}
