// The endpoints and classes that an app gives in code, beside those of a file: models of any provider of the AI SDK.

import type { z } from 'zod';
import type { Duration } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { AutoRule } from '../../core/pick-class.ts';
import type { Price } from '../../core/price.ts';
import { type ClassDefinition, ClassesSchema } from './class-definition.ts';
import { limitsOf, SettingsSchema } from './definition.ts';
import type { AnyModel, EndpointSource } from './endpoint.ts';
import { LOCAL } from './models-checks.ts';
import { NameSchema } from './schema.ts';

/** A model with what is to be said about it. */
export interface AppEndpoint {
  model: AnyModel;
  price?: Omit<Price, 'currency'>;
  /** Requests and tokens a minute, and calls at the same time, that the provider allows. */
  rpm?: number;
  tpm?: number;
  concurrency?: number;
  /** How long one call may take. */
  timeout?: Duration;
  /** How many tokens an answer has at most, as far as a call does not say so itself. */
  maxOutput?: number;
}

/** Endpoints with settings, or rules that pick another class for each call. */
export type AppClass =
  | readonly string[]
  | { endpoints: readonly string[]; prefer?: 'order' | 'price'; degrade?: string }
  | {
      route: 'auto';
      rules?: readonly AutoRule[];
      ask?: { class: string; of: readonly string[]; about?: string };
      otherwise: string;
    };

export interface ModelOptions {
  /** Models by the names of their endpoints. An endpoint of `models.yaml` with `provider: app` stands for the one of its name. */
  endpoints?: Record<string, AnyModel | AppEndpoint>;
  /** Names of endpoints by class, the preferred one first. A class of the same name in `models.yaml` goes before it. */
  classes?: Record<string, AppClass>;
}

/** What an app gives, checked. */
export interface AppModels {
  endpoints: ReadonlyMap<string, EndpointSource>;
  classes: ReadonlyMap<string, ClassDefinition>;
}

/** Returns what `options` give. @throws InvalidInput `invalid_models`, naming everything that is wrong */
export function appModels({ endpoints = {}, classes = {} }: ModelOptions = {}): AppModels {
  const problems: string[] = [];
  const say = (path: string, error: z.ZodError): void => {
    for (const issue of error.issues) {
      const [{ message } = issue] = issue.code === 'invalid_key' ? issue.issues : [];
      const unknown = issue.code === 'unrecognized_keys' ? `does not know ${issue.keys.join(', ')}` : message;
      problems.push(`${[path, ...issue.path].join('.')} ${unknown}`);
    }
  };
  const sources = Object.entries(endpoints).map(([name, given]): [string, EndpointSource] => {
    const path = `endpoints.${name}`;
    const named = NameSchema.safeParse(name);
    if (!named.success) say(path, named.error);
    if (name === LOCAL) problems.push(`${path} has the name of the offline model`);
    const { model, ...settings } = isModel(given) ? { model: given } : (given ?? {});
    if (!isModel(model)) problems.push(`${path} must be a language model of the AI SDK, or { model } with one`);
    const parsed = SettingsSchema.safeParse(settings);
    if (!parsed.success) say(path, parsed.error);
    const origin = { kind: 'model', model } as const;
    return [name, parsed.success ? { origin, limits: limitsOf(parsed.data), price: parsed.data.price } : { origin }];
  });
  const lists = ClassesSchema.safeParse(classes);
  if (!lists.success) say('classes', lists.error);
  if (problems.length > 0)
    throw new InvalidInput('invalid_models', `createApp({ models }) cannot be used: ${problems.join('; ')}.`, problems);
  return { endpoints: new Map(sources), classes: new Map(Object.entries(lists.data!)) };
}

function isModel(value: unknown): value is AnyModel {
  return typeof value === 'object' && value !== null && 'specificationVersion' in value && 'doGenerate' in value;
}
