// Any endpoint that speaks OpenAI's chat completions, and ways to get JSON from those that do not know JSON schemas.

import { APICallError, type LanguageModelV4, type LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { extractJsonMiddleware, wrapLanguageModel } from 'ai';
import { Unavailable } from '../../core/errors.ts';
import { isStrictSchema, jsonIn, withJsonInstruction } from './json.ts';

/** Where a model is found. */
export interface OpenAIEndpoint {
  /** Up to and including the version, e.g. `https://api.openai.com/v1`. */
  baseUrl: string;
  apiKey?: string | undefined;
  model: string;
}

/** How JSON is asked for, from the best way to the last resort. */
type Way = 'schema' | 'object' | 'words';

/**
 * The model of an endpoint. It makes one request a call and never retries: that is the step's business.
 *
 * JSON is asked for with `response_format: json_schema` (strict where the schema keeps to OpenAI's strict subset). An
 * endpoint that refuses it with 400 or 422 is asked again at once with `json_object` and the schema in the prompt, and
 * if it refuses that too, with the prompt alone; what it accepted is remembered for the life of the model. Code fences
 * and prose around the JSON are taken off. Throws Unavailable `model_config_invalid` when the base URL or the model's
 * name is missing or wrong.
 */
export function createOpenAIModel(endpoint: OpenAIEndpoint): LanguageModelV4 {
  const baseURL = checkedUrl(endpoint);
  const settings = {
    name: 'openai-compatible',
    baseURL,
    includeUsage: true,
    ...(endpoint.apiKey && { apiKey: endpoint.apiKey }),
  };
  const plain = createOpenAICompatible({ ...settings, supportsStructuredOutputs: true })(endpoint.model);
  const middleware = extractJsonMiddleware();
  const byWay: Record<Way, LanguageModelV4> = {
    schema: wrapLanguageModel({ model: plain, middleware }),
    object: wrapLanguageModel({
      model: createOpenAICompatible({ ...settings, supportsStructuredOutputs: false })(endpoint.model),
      middleware,
    }),
    words: wrapLanguageModel({ model: plain, middleware }),
  };
  const remembered: { way: Way } = { way: 'schema' };
  return {
    specificationVersion: 'v4',
    provider: plain.provider,
    modelId: plain.modelId,
    supportedUrls: plain.supportedUrls,
    async doGenerate(options) {
      if (options.responseFormat?.type !== 'json') return plain.doGenerate(options);
      const result = await firstAccepted(remembered, (way) => byWay[way].doGenerate(asked(way, options)));
      return {
        ...result,
        content: result.content.map((part) => (part.type === 'text' ? { ...part, text: jsonIn(part.text) } : part)),
      };
    },
    async doStream(options) {
      if (options.responseFormat?.type !== 'json') return plain.doStream(options);
      return firstAccepted(remembered, (way) => byWay[way].doStream(asked(way, options)));
    },
  };
}

const next: Readonly<Record<Way, Way | undefined>> = { schema: 'object', object: 'words', words: undefined };

/** Calls by the remembered way, and by the next one for as long as the endpoint refuses the response format. */
async function firstAccepted<T>(remembered: { way: Way }, call: (way: Way) => PromiseLike<T>): Promise<T> {
  for (let way: Way = remembered.way; ;) {
    try {
      const result = await call(way);
      remembered.way = way;
      return result;
    } catch (error) {
      const fallback = next[way];
      if (fallback === undefined || !refusesFormat(error)) throw error;
      way = fallback;
    }
  }
}

function refusesFormat(error: unknown): boolean {
  if (!APICallError.isInstance(error) || (error.statusCode !== 400 && error.statusCode !== 422)) return false;
  return /response_format|json_schema|json_object|structured[ _-]?outputs?|guided_json/i.test(
    `${error.message} ${error.responseBody ?? ''}`,
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
  return way === 'object' ? { ...told, responseFormat: { type: 'json' } } : told;
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
