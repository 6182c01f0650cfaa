// What endpoints and model classes may look like: the schema of `models.yaml`, and of what an app gives beside it.

import { z } from 'zod';
import { toMilliseconds } from '../../core/duration.ts';
import type { Price } from '../../core/price.ts';
import { type ClassDefinition, ClassesSchema } from './class-definition.ts';
import type { StructuredOutput } from '../models/openai.ts';
import { count, NameSchema, need, text } from './schema.ts';

/** What a provider allows. */
export interface Limits {
  /** Requests a minute. */
  rpm?: number | undefined;
  /** Tokens a minute, input and output together. */
  tpm?: number | undefined;
  /** Calls at the same time. */
  concurrency?: number | undefined;
  /** How long one call may take, its stream included. */
  timeoutMs?: number | undefined;
  /** How many tokens an answer has at most, as far as a call does not say so itself. */
  maxOutput?: number | undefined;
}

/** An endpoint as a file defines it. */
export interface EndpointDefinition {
  /** `app`: the app itself gives the model under this name. */
  provider: 'openai-compatible' | 'local' | 'app';
  baseUrl?: string | undefined;
  model?: string | undefined;
  /** The variable of the environment that holds the key. */
  keyVariable?: string | undefined;
  /** How it is asked for JSON; found out where this is left out. */
  structured?: StructuredOutput | undefined;
  price?: Price | undefined;
  limits: Limits;
}

/** What a whole file defines. */
export interface ModelsDefinition {
  endpoints: ReadonlyMap<string, EndpointDefinition>;
  classes: ReadonlyMap<string, ClassDefinition>;
  /** By their names. */
  tenants: ReadonlyMap<string, TenantLimits>;
}

/** What a tenant may use of all endpoints together, and how much it gets in comparison with others where calls wait. */
export interface TenantLimits {
  weight?: number | undefined;
  rpm?: number | undefined;
  tpm?: number | undefined;
}

/** Upper case, so that a key that was pasted here is not taken for a name, and shown. */
const VARIABLE = /^[A-Z_][A-Z0-9_]*$/;
const REFERENCE = /^\$\{([A-Z_][A-Z0-9_]*)\}$/;
const NO_KEYS_HERE = 'keys do not belong in this file: name the variable of the environment that holds it';

const money = () => {
  const message = 'must be US dollars per million tokens: a number from 0 to 1000000';
  return z.number(need(message)).min(0, message).max(1_000_000, message);
};

const PriceSchema = z.strictObject(
  {
    input: money(),
    cachedInput: money().optional(),
    cacheWrite: money().optional(),
    output: money(),
    reasoning: money().optional(),
    currency: z.literal('USD', 'must be USD').default('USD'),
    version: text().optional(),
    since: text().optional(),
  },
  need('must be a map with input and output'),
) satisfies z.ZodType<Price>;

const TimeoutSchema = z
  .union([z.string(), z.number()], 'must be a duration, such as 60s')
  .transform((value, context) => {
    try {
      const ms = toMilliseconds(value);
      if (ms > 0) return ms;
    } catch {
      // Said below, in the words of this file.
    }
    context.addIssue({ code: 'custom', message: 'must be a duration above 0, such as 60s' });
    return z.NEVER;
  });

const SETTINGS = {
  price: PriceSchema.optional(),
  rpm: count().optional(),
  tpm: count().optional(),
  concurrency: count().optional(),
  timeout: TimeoutSchema.optional(),
  maxOutput: count().optional(),
};

/** What may be said about every endpoint, whatever stands behind it. */
export const SettingsSchema = z.strictObject(SETTINGS, 'must be an object with what is to be said about the endpoint');

type Settings = z.output<typeof SettingsSchema>;

const EndpointSchema = z.strictObject(
  {
    ...SETTINGS,
    provider: z
      .enum(['openai-compatible', 'local', 'app'], 'must be openai-compatible, local or app')
      .default('openai-compatible'),
    baseUrl: text()
      .refine(isPlainUrl, 'must be an http(s) address without user, password, query and fragment')
      .optional(),
    model: text().optional(),
    structured: z.enum(['native', 'json', 'prompt'], 'must be native, json or prompt').optional(),
    apiKey: z
      .string(need(`must be \${NAME}; ${NO_KEYS_HERE}`))
      .regex(REFERENCE, `must be \${NAME} with a name in capitals; ${NO_KEYS_HERE}`)
      .optional(),
    key: z
      .strictObject(
        {
          env: z
            .string(need('must be the name of a variable'))
            .regex(VARIABLE, `must be a name in capitals; ${NO_KEYS_HERE}`),
        },
        `must be { env: NAME }; ${NO_KEYS_HERE}`,
      )
      .optional(),
  },
  'must be a map with provider, or with baseUrl and model',
);

const WEIGHT = 'must be a number above 0, 1000 at most';

const TenantSchema = z.strictObject(
  {
    weight: z.number(WEIGHT).positive(WEIGHT).max(1000, WEIGHT).optional(),
    rpm: count().optional(),
    tpm: count().optional(),
  },
  'must be a map with weight, rpm or tpm',
) satisfies z.ZodType<TenantLimits>;

/** The whole file. What only several of its fields together show is checked elsewhere. */
export const FileSchema = z.strictObject(
  {
    endpoints: z.record(NameSchema, EndpointSchema, 'must be a map of endpoints by name').default({}),
    tenants: z.record(text(), TenantSchema, 'must be a map of limits by tenant').default({}),
    classes: ClassesSchema.refine((classes) => Object.keys(classes).length > 0, 'has no classes'),
  },
  'must be a map with endpoints and classes',
);

function isPlainUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '' && search === '' && hash === '';
}

/** Returns the name of the variable that `endpoint` refers to for its key, if it does. */
export function keyVariableOf({ apiKey, key }: { apiKey?: unknown; key?: unknown }): string | undefined {
  if (typeof apiKey === 'string') return REFERENCE.exec(apiKey)?.[1];
  const env = (key as { env?: unknown } | null | undefined)?.env;
  return typeof env === 'string' && VARIABLE.test(env) ? env : undefined;
}

/** Returns the limits among the settings of an endpoint. */
export function limitsOf({ rpm, tpm, concurrency, timeout, maxOutput }: Settings): Limits {
  return { rpm, tpm, concurrency, timeoutMs: timeout, maxOutput };
}

/** Returns the definition that a valid file holds. */
export function definitionOf(file: z.output<typeof FileSchema>): ModelsDefinition {
  const endpoints = Object.entries(file.endpoints).map(([name, endpoint]): [string, EndpointDefinition] => {
    const { provider, baseUrl, model, structured, price } = endpoint;
    const keyVariable = keyVariableOf(endpoint);
    return [name, { provider, baseUrl, model, keyVariable, structured, price, limits: limitsOf(endpoint) }];
  });
  const { classes, tenants } = file;
  return {
    endpoints: new Map(endpoints),
    classes: new Map(Object.entries(classes)),
    tenants: new Map(Object.entries(tenants)),
  };
}
