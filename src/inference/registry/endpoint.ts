// One endpoint of a process: the model behind it, with what is said and known about it.

import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { LanguageModel } from 'ai';
import { wrapLanguageModel } from 'ai';
import type { Price } from '../../core/price.ts';
import type { EndpointDefinition, Limits } from './definition.ts';
import { Health } from './health.ts';
import { createOpenAIModel, type OpenAIEndpoint, shownUrl } from '../models/openai.ts';

/** A language model of any provider of the AI SDK. */
export type AnyModel = Exclude<LanguageModel, string>;

export interface Endpoint {
  name: string;
  /** `local`, `openai-compatible`, or what the app's model calls its provider. */
  provider: string;
  modelId: string;
  /** Fit to be shown: without user, password and query. */
  baseUrl: string | undefined;
  /** Where it is and which model it stands for: with another target it is another endpoint, whatever its name. */
  target: string;
  limits: Limits;
  price: Price | undefined;
  model: LanguageModelV4;
  health: Health;
  /** What the model was made from; never shown. */
  origin: Origin;
}

/** Two endpoints with the same origin are one and the same: its model and its health last. */
export type Origin = { kind: 'model'; model: AnyModel } | ({ kind: 'openai' } & OpenAIEndpoint);

/** What makes an endpoint, apart from its name. */
export interface EndpointSource {
  origin: Origin;
  limits?: Limits;
  price?: Price | undefined;
}

/** Returns the endpoint that `source` describes. What `before` has of the same origin lives on in it. */
export function endpointOf(name: string, source: EndpointSource, before: Endpoint | undefined): Endpoint {
  const { origin, limits = {}, price } = source;
  if (before && isSameOrigin(before.origin, origin)) return { ...before, limits, price };
  const model = modelOf(origin);
  const provider = origin.kind === 'openai' ? 'openai-compatible' : model.provider;
  const baseUrl = origin.kind === 'openai' ? shownUrl(origin.baseUrl) : undefined;
  return {
    name,
    provider,
    modelId: model.modelId,
    baseUrl,
    target: `${baseUrl ?? provider} ${model.modelId}`,
    limits,
    price,
    model,
    health: new Health(),
    origin,
  };
}

/** Returns the source of an endpoint of a file. `given` is the model that it stands for, where that is not behind a URL. */
export function sourceOf(
  definition: EndpointDefinition,
  variable: (name: string) => string | undefined,
  given: EndpointSource | undefined,
): EndpointSource {
  const { baseUrl, model, keyVariable, structured, limits, price } = definition;
  if (given) {
    // Each setting of the file goes before that of the app.
    return { origin: given.origin, limits: { ...given.limits, ...defined(limits) }, price: price ?? given.price };
  }
  const apiKey = keyVariable === undefined ? undefined : variable(keyVariable);
  return { origin: { kind: 'openai', baseUrl: baseUrl!, model: model!, apiKey, structured }, limits, price };
}

function defined(limits: Limits): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

function modelOf(origin: Origin): LanguageModelV4 {
  // With nothing in between, the wrapper makes models of older specifications speak the present one.
  return origin.kind === 'openai'
    ? createOpenAIModel(origin)
    : wrapLanguageModel({ model: origin.model, middleware: [] });
}

function isSameOrigin(a: Origin, b: Origin): boolean {
  if (a.kind === 'model' || b.kind === 'model') return a.kind === b.kind && a.model === b.model;
  return (['baseUrl', 'model', 'apiKey', 'structured'] as const).every((key) => a[key] === b[key]);
}
