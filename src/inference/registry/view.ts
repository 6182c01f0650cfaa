// What is shown of the models of a process: never a key.

import type { Price } from '../../core/price.ts';
import type { BreakerView } from '../routing/breakers.ts';
import { classesNamed } from './class-definition.ts';
import type { ClassRoute } from '../routing/class-model.ts';
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
  limits: Record<'rpm' | 'tpm' | 'concurrency' | 'timeoutMs' | 'maxOutput', number | null>;
  /** Null where no price is known. */
  price: PriceView | null;
  /** Since this process has the endpoint. */
  health: HealthView;
  /** What all processes know. */
  breaker: BreakerView;
}

export interface ClassView {
  name: string;
  /** The preferred one first; none where `route` is `auto`. */
  endpoints: string[];
  /** In which order they are asked. `auto`: another class is picked for each call. */
  route: 'order' | 'price' | 'auto';
  /** The classes to which calls may go instead. */
  classes: string[];
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
  classes: ClassView[];
  /** What is wrong with the file as it is now; then the one before is in use. */
  problems: readonly FileProblem[];
}

/** Returns what is shown of `endpoint`. */
export function endpointView(endpoint: Endpoint, classes: string[], breaker: BreakerView): EndpointView {
  const { name, provider, modelId, baseUrl, limits, price, health } = endpoint;
  const { rpm = null, tpm = null, concurrency = null, timeoutMs = null, maxOutput = null } = limits;
  return {
    name,
    provider,
    model: modelId,
    baseUrl: baseUrl ?? null,
    classes,
    limits: { rpm, tpm, concurrency, timeoutMs, maxOutput },
    price: price ? priceView(price) : null,
    health: health.view(),
    breaker,
  };
}

/** Returns what is shown of a class. */
export function classView(found: ClassRoute): ClassView {
  const isAuto = found.kind === 'auto';
  return {
    name: found.name,
    endpoints: isAuto ? [] : found.endpoints.map(({ name }) => name),
    route: isAuto ? 'auto' : found.prefer,
    classes: [...new Set(classesNamed(found))],
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
export function classesLine(classes: readonly Pick<ClassView, 'name' | 'endpoints' | 'classes'>[]): string {
  return classes
    .map(
      ({ name, endpoints, classes: others }) => `${name} → ${(endpoints.length > 0 ? endpoints : others).join(', ')}`,
    )
    .join('; ');
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
