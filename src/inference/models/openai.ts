// Any endpoint that speaks OpenAI's chat completions, and ways to get JSON from those that do not know JSON schemas.

import {
  APICallError,
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Unavailable } from '../../core/errors.ts';
import { isStrictSchema, jsonIn, withJsonInstruction } from './json.ts';
import { plainFetch } from './quirks/fetch.ts';
import { mended } from './quirks/mended.ts';
import { hasSeveralCalls, oneByOne, refusesSeveralCalls } from './quirks/single-calls.ts';
import { through } from '../../lib/through.ts';

/** Where a model is found. */
export interface OpenAIEndpoint {
  /** Up to and including the version, e.g. `https://api.openai.com/v1`. */
  baseUrl: string;
  apiKey?: string | undefined;
  model: string;
  /** How it is asked for JSON; it is found out without this. */
  structured?: StructuredOutput | undefined;
}

/** How JSON is asked for, from the best way to the last resort. */
type Way = 'schema' | 'object' | 'words';

/** How an endpoint is told to be asked for JSON: by a JSON schema, in its JSON mode, or in words alone. */
export type StructuredOutput = 'native' | 'json' | 'prompt';

const WAYS: Readonly<Record<StructuredOutput, Way>> = { native: 'schema', json: 'object', prompt: 'words' };

/** What was learned of an endpoint. */
interface Learned {
  way: Way;
  takesSeveralCalls: boolean;
}

/**
 * The model of an endpoint. It never retries: that is the step's business.
 *
 * JSON is asked for as `structured` says. Without that, with `response_format: json_schema` (strict where the schema keeps to OpenAI's
 * strict subset). An endpoint that refuses it with 400 or 422 is asked again at once with `json_object` and the schema in the prompt, and
 * if it refuses that too, with the prompt alone; what it accepted is remembered for the life of the model, unless it refused no more
 * than the one schema. Code fences, prose and small slips around the JSON are taken off. In the same way an endpoint that takes no more
 * than one call of a tool in a message is told of several one after another. What servers make of OpenAI's format otherwise is mended.
 * Throws Unavailable `model_config_invalid` when the base URL or the model's name is missing or wrong.
 */
export function createOpenAIModel(endpoint: OpenAIEndpoint): LanguageModelV4 {
  const baseURL = checkedUrl(endpoint);
  const { apiKey, model, structured } = endpoint;
  const settings = {
    name: 'openai-compatible',
    baseURL,
    includeUsage: true,
    fetch: plainFetch,
    ...(apiKey && { apiKey }),
  };
  const plain = createOpenAICompatible({ ...settings, supportsStructuredOutputs: true })(model);
  const object = createOpenAICompatible({ ...settings, supportsStructuredOutputs: false })(model);
  const byWay: Record<Way, LanguageModelV4> = { schema: plain, object, words: plain };
  const learned: Learned = { way: WAYS[structured ?? 'native'], takesSeveralCalls: true };
  const attempt = <T>(options: LanguageModelV4CallOptions, call: Call<T>): Promise<T> =>
    withCallsTaken(learned, options, (taken) =>
      taken.responseFormat?.type === 'json'
        ? firstAccepted(learned, structured !== undefined, (way) => call(byWay[way], asked(way, taken)))
        : call(plain, taken),
    );
  return mended({
    specificationVersion: 'v4',
    provider: plain.provider,
    modelId: plain.modelId,
    supportedUrls: plain.supportedUrls,
    async doGenerate(options) {
      const result = await attempt(options, async (asking, given) => asking.doGenerate(given));
      if (options.responseFormat?.type !== 'json') return result;
      const content = result.content.map((part) =>
        part.type === 'text' ? { ...part, text: jsonIn(part.text) } : part,
      );
      return { ...result, content };
    },
    async doStream(options) {
      const result = await attempt(options, async (asking, given) => asking.doStream(given));
      if (options.responseFormat?.type !== 'json') return result;
      return { ...result, stream: through(result.stream, jsonParts) };
    },
  });
}

type Call<T> = (model: LanguageModelV4, options: LanguageModelV4CallOptions) => Promise<T>;

const next: Readonly<Record<Way, Way | undefined>> = { schema: 'object', object: 'words', words: undefined };

/** Calls by the learned way, and by the next one for as long as the endpoint refuses the response format; unless the way is settled. */
async function firstAccepted<T>(learned: Learned, isSettled: boolean, call: (way: Way) => Promise<T>): Promise<T> {
  let isLearned = true;
  for (let { way } = learned; ;) {
    try {
      const result = await call(way);
      if (isLearned) learned.way = way;
      return result;
    } catch (error) {
      const fallback = next[way];
      if (isSettled || fallback === undefined || !refusesFormat(error)) throw error;
      way = fallback;
      // What is wrong with one schema says nothing of the next one.
      isLearned &&= !refusesSchema(error);
    }
  }
}

/** Tells of several calls one after another once the endpoint has refused to be told of them together. */
async function withCallsTaken<T>(
  learned: Learned,
  options: LanguageModelV4CallOptions,
  call: (options: LanguageModelV4CallOptions) => Promise<T>,
): Promise<T> {
  if (!hasSeveralCalls(options.prompt)) return call(options);
  const parted = { ...options, prompt: oneByOne(options.prompt) };
  if (!learned.takesSeveralCalls) return call(parted);
  try {
    return await call(options);
  } catch (error) {
    if (!refusesSeveralCalls(error)) throw error;
    const result = await call(parted);
    learned.takesSeveralCalls = false;
    return result;
  }
}

/** A text that begins as JSON is handed on as it comes. Any other is held back to its end, and the JSON in it handed on. */
async function* jsonParts(stream: AsyncIterable<LanguageModelV4StreamPart>): AsyncGenerator<LanguageModelV4StreamPart> {
  const held = new Map<string, string>();
  const plain = new Set<string>();
  const prose = new Set<string>();
  for await (const part of stream) {
    if (part.type === 'text-delta' && !plain.has(part.id)) {
      const text = (held.get(part.id) ?? '') + part.delta;
      held.set(part.id, text);
      if (prose.has(part.id)) continue;
      // Nothing was said before, or it would be one or the other.
      const [first] = /\S/.exec(part.delta) ?? [];
      if (first !== '{' && first !== '[') {
        if (first !== undefined) prose.add(part.id);
        continue;
      }
      plain.add(part.id);
      yield { ...part, delta: text };
    } else if (part.type === 'text-end' && !plain.has(part.id) && held.has(part.id)) {
      yield { type: 'text-delta', id: part.id, delta: jsonIn(held.get(part.id)!) };
      yield part;
    } else yield part;
  }
}

function refusesFormat(error: unknown): boolean {
  if (!APICallError.isInstance(error) || (error.statusCode !== 400 && error.statusCode !== 422)) return false;
  return /response_format|json_schema|json_object|structured[ _-]?outputs?|guided_json/i.test(
    `${error.message} ${error.responseBody ?? ''}`,
  );
}

/** Tells whether the endpoint takes schemas, but not this one. */
function refusesSchema(error: unknown): boolean {
  return (
    APICallError.isInstance(error) &&
    /invalid[ _](?:json[ _]?)?schema/i.test(`${error.message} ${error.responseBody ?? ''}`)
  );
}

/** The call's options for one way of asking for JSON. */
function asked(way: Way, options: LanguageModelV4CallOptions): LanguageModelV4CallOptions {
  const format = options.responseFormat;
  const schema = format?.type === 'json' ? format.schema : undefined;
  if (way === 'schema') {
    if (schema === undefined || isStrictSchema(schema)) return options;
    const compatible = options.providerOptions?.['openaiCompatible'];
    return {
      ...options,
      providerOptions: { ...options.providerOptions, openaiCompatible: { strictJsonSchema: false, ...compatible } },
    };
  }
  const { responseFormat: _format, ...rest } = options;
  const told = { ...rest, prompt: withJsonInstruction(options.prompt, schema) };
  // JSON modes write objects, whatever the schema says.
  const isObject = schema === undefined || (schema as { type?: unknown }).type === 'object';
  return way === 'object' && isObject ? { ...told, responseFormat: { type: 'json' } } : told;
}

function checkedUrl({ baseUrl, model }: OpenAIEndpoint): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Unavailable(
      'model_config_invalid',
      'The base URL of the model endpoint is not an http or https address. Set it to something like https://api.openai.com/v1.',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new Unavailable(
      'model_config_invalid',
      `The base URL of the model endpoint at ${url.host} holds a user name or password. Give the key as the API key instead.`,
    );
  }
  if (model.trim() === '')
    throw new Unavailable(
      'model_config_invalid',
      `No model is named for the endpoint at ${url.host}. Set the name that the endpoint knows it by.`,
    );
  return baseUrl.replace(/\/+$/, '');
}

/** The base URL as it may be shown: without user, password, query and fragment. */
export function shownUrl(baseUrl: string): string {
  if (!URL.canParse(baseUrl)) return '';
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}
