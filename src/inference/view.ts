// What is shown of the models of a process: never a key.

import type { Price } from '../core/price.ts';
import type { Endpoint } from './endpoint.ts';
import type { HealthView } from './health.ts';
import type { FileProblem } from './models-yaml.ts';

export interface EndpointView {
  name: string;
  provider: string;
  model: string;
  baseUrl: string | null;
  /** The classes that it belongs to. */
  classes: string[];
  limits: { rpm: number | null; tpm: number | null; concurrency: number | null; timeoutMs: number | null };
  /** Null where no price is known. */
  price: PriceView | null;
  /** Since this process has the endpoint. */
  health: HealthView;
}

/** US dollars per million tokens. What was left out has the price of its kind. */
export interface PriceView {
  currency: 'USD';
  input: number;
  cachedInput: number;
  cacheWrite: number;
  output: number;
  reasoning: number;
  version: string | null;
  since: string | null;
}

export interface ModelsView {
  /** Where classes and endpoints come from, beside those that the app itself gives. */
  source: 'file' | 'environment' | 'default';
  file: string | null;
  /** When the file that is in use was read. ISO 8601 with milliseconds, UTC. */
  readAt: string | null;
  endpoints: EndpointView[];
  classes: { name: string; endpoints: string[] }[];
  /** What is wrong with the file as it is now; then the one before is in use. */
  problems: readonly FileProblem[];
}

/** Returns what is shown of `endpoint`. */
export function endpointView(endpoint: Endpoint, classes: string[]): EndpointView {
  const { name, provider, modelId, baseUrl, limits, price, health } = endpoint;
  const { rpm = null, tpm = null, concurrency = null, timeoutMs = null } = limits;
  return {
    name,
    provider,
    model: modelId,
    baseUrl: baseUrl ?? null,
    classes,
    limits: { rpm, tpm, concurrency, timeoutMs },
    price: price ? priceView(price) : null,
    health: health.view(),
  };
}

function priceView({ currency, input, cachedInput, cacheWrite, output, reasoning, version, since }: Price): PriceView {
  return {
    currency,
    input,
    cachedInput: cachedInput ?? input,
    cacheWrite: cacheWrite ?? input,
    output,
    reasoning: reasoning ?? output,
    version: version ?? null,
    since: since ?? null,
  };
}

/** Returns the classes and their endpoints in one line, for logs. */
export function classesLine(classes: ModelsView['classes']): string {
  return classes.map(({ name, endpoints }) => `${name} → ${endpoints.join(', ')}`).join('; ');
}

/** Returns what a process says of its models when it starts. */
export function modelsLine({ source, file, classes, endpoints }: ModelsView): string {
  const others = endpoints.filter(({ provider }) => provider !== 'local');
  if (source === 'file') return `Models of ${file}: ${classesLine(classes)}`;
  if (others.length === 0)
    return 'Model: offline (set OPENAI_MODEL with OPENAI_API_KEY or OPENAI_BASE_URL, or write a models.yaml, for another)';
  if (others.length > 1 || source === 'default') return `Models: ${classesLine(classes)}`;
  return `Model: ${others[0]!.model} at ${others[0]!.baseUrl}`;
}
