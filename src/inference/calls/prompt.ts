// What a call asks, as far as estimates and rules look at it: how much text, which words, whether there are images and tools.

import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { type Fingerprint, fingerprintOf } from '../../core/fingerprint.ts';
import type { Asked } from '../../core/pick-class.ts';
import type { TokenEstimate } from '../../core/token-usage.ts';

/** What an answer may have where neither the call nor the endpoint says so. */
const USUAL_OUTPUT_TOKENS = 4096;
/** Of UTF-8: English has about four, code and JSON three. Rather more tokens than fewer: what is reserved must do. */
const BYTES_PER_TOKEN = 3;
/** About what providers count for an image of usual size. */
const TOKENS_PER_FILE = 1000;
/** What frames a message. */
const TOKENS_PER_MESSAGE = 4;

/** More are nonsense; three of them still fit into a column. */
export const MOST_TOKENS = 500_000_000;

type Options = Pick<LanguageModelV4CallOptions, 'prompt' | 'tools' | 'maxOutputTokens' | 'responseFormat'>;
type Message = LanguageModelV4CallOptions['prompt'][number];
type Part = Exclude<Message['content'], string>[number];

/** Returns about how many tokens `text` has. */
export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** Returns what a call may use: about its input, and the most that its output may have. */
export function estimateOf(
  options: Options,
  maxOutput = USUAL_OUTPUT_TOKENS,
  sizes = new MessageSizes(),
): TokenEstimate {
  const { tools, responseFormat, maxOutputTokens = maxOutput } = options;
  const schema = responseFormat?.type === 'json' ? responseFormat.schema : undefined;
  const inputTokens =
    sizes.ofPrompt(options.prompt) + (tools?.length ? jsonTokens(tools) : 0) + (schema ? jsonTokens(schema) : 0);
  return { inputTokens: Math.min(inputTokens, MOST_TOKENS), outputTokens: wholeTokens(maxOutputTokens) };
}

/** Returns `tokens` as a number that can be counted with, whatever a caller has given. */
function wholeTokens(tokens: number): number {
  return tokens >= 0 ? Math.ceil(Math.min(tokens, MOST_TOKENS)) : MOST_TOKENS;
}

/** The sizes of messages, each looked through once: a conversation is asked with again and again, and only its end is new. */
export class MessageSizes {
  readonly #tokens = new WeakMap<Message, number>();

  /** Returns about how many tokens the prompt has. */
  ofPrompt(prompt: readonly Message[]): number {
    return prompt.reduce((sum, message) => sum + TOKENS_PER_MESSAGE + this.#of(message), 0);
  }

  #of(message: Message): number {
    const known = this.#tokens.get(message);
    if (known !== undefined) return known;
    const tokens = messageTokens(message);
    this.#tokens.set(message, tokens);
    return tokens;
  }
}

function messageTokens({ content }: Message): number {
  if (typeof content === 'string') return tokensOf(content);
  return (content as readonly Part[]).reduce((sum, part) => sum + partTokens(part), 0);
}

function partTokens(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return tokensOf(part.text);
    case 'tool-call':
      return jsonTokens(part.input);
    case 'tool-result':
      return jsonTokens(part.output);
    case 'file':
      return TOKENS_PER_FILE;
    default:
      return 0;
  }
}

function jsonTokens(value: unknown): number {
  return tokensOf(JSON.stringify(value) ?? '');
}

/** Returns the hashes of what a call asks with: of its system messages, tools, schema and settings. */
export function fingerprintOfCall({
  prompt,
  tools = [],
  responseFormat,
  abortSignal: _signal,
  headers: _headers,
  includeRawChunks: _raw,
  ...parameters
}: LanguageModelV4CallOptions): Fingerprint {
  const told = tools.map((tool) =>
    tool.type === 'function'
      ? { name: tool.name, description: tool.description, schema: tool.inputSchema }
      : { name: tool.name, description: tool.id, schema: tool.args },
  );
  return fingerprintOf({
    instructions: prompt.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n'),
    tools: told,
    ...(responseFormat?.type === 'json' && { schema: responseFormat.schema ?? {} }),
    parameters,
  });
}

/** Returns what is asked with `options`. */
export function askedOf(options: Options): Asked {
  const { prompt, tools } = options;
  const users = prompt.filter((message) => message.role === 'user');
  return {
    inputTokens: new MessageSizes().ofPrompt(options.prompt),
    hasTools: (tools?.length ?? 0) > 0,
    hasImages: users.some(({ content }) => content.some(isImage)),
    text: (users.at(-1)?.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('\n'),
  };
}

function isImage(part: { type: string; mediaType?: string }): boolean {
  return part.type === 'file' && part.mediaType?.startsWith('image') === true;
}
