// What an app consists of: every marked method of the classes and instances that `createApp` lists, by its full name.

import { InvalidInput } from '../core/errors.ts';
import { AgentOperation, listedIn } from './agent.ts';
import { type Operation, type OperationKind, operationOf } from './operation.ts';
import { standaloneIn } from './standalone.ts';
import { assertTool } from './tool.ts';

/** A class with marked static methods, an instance that `configured` gave a name, or a tool of its own such as `effectful` makes. */
export type Service = object;

/** One marked method of one class or instance. `name` is what runs, histories and URLs call it: `Class.method` or `Class.instance.method`. */
export interface CatalogueEntry<Kind extends OperationKind = OperationKind> {
  name: string;
  operation: Operation<Kind>;
  receiver: Service;
}

export interface Catalogue {
  workflows: CatalogueEntry<'workflow'>[];
  steps: CatalogueEntry<'step'>[];
  transactions: CatalogueEntry<'transaction'>[];
  tools: CatalogueEntry<'tool'>[];
}

const instanceNames = new WeakMap<object, string>();

/**
 * Returns `instance`, named `name`, so that it can be listed as a service: several instances of a class, each with its own
 * settings, serve the same workflows under names of their own (`Mailer.eu.send`). The name is part of every run's identity:
 * keep it the same over deploys.
 */
export function configured<T extends object>(name: string, instance: T): T {
  if (!/^[A-Za-z0-9_-]{1,60}$/.test(name)) {
    throw new InvalidInput(
      'invalid_service',
      `'${name}' cannot name an instance: use up to 60 letters, digits, '-' and '_'.`,
    );
  }
  instanceNames.set(instance, name);
  return instance;
}

/**
 * Returns the marked methods of `services`, and the tools without a class that their agents list.
 * @throws InvalidInput `invalid_service` for what is no class with marked methods nor a configured instance, and for names that occur
 * twice; `invalid_tool` for a tool whose options do not fit its effect.
 */
export function collect(services: readonly Service[]): Catalogue {
  const entries = withListed(services.flatMap(entriesOf));
  const seen = new Set<string>();
  for (const { name } of entries) {
    if (seen.has(name)) throw new InvalidInput('invalid_service', `'${name}' is listed twice in services.`);
    seen.add(name);
  }
  const tools = entries.filter((entry) => isKind(entry, 'tool'));
  for (const { name, operation } of tools) assertTool(name, operation.options);
  return {
    workflows: entries.filter((entry) => isKind(entry, 'workflow')),
    steps: entries.filter((entry) => isKind(entry, 'step')),
    transactions: entries.filter((entry) => isKind(entry, 'transaction')),
    tools,
  };
}

/** Tools that are no methods belong to the app because its agents list them; it may list them itself, too. */
function withListed(entries: CatalogueEntry[]): CatalogueEntry[] {
  const agents = entries.map(({ operation }) => operation).filter((operation) => operation instanceof AgentOperation);
  const listed = agents.flatMap(({ agent }) => listedIn(agent)).flatMap((one) => standaloneIn(one)?.entry ?? []);
  const unlisted = new Map(listed.map((entry) => [entry.operation, entry]));
  for (const { operation } of entries) unlisted.delete(operation as CatalogueEntry<'tool'>['operation']);
  return [...entries, ...unlisted.values()];
}

function isKind<Kind extends OperationKind>(entry: CatalogueEntry, kind: Kind): entry is CatalogueEntry<Kind> {
  return entry.operation.kind === kind;
}

function entriesOf(service: Service): CatalogueEntry[] {
  const standalone = standaloneIn(service);
  if (standalone) return [standalone.entry];
  const isClass = typeof service === 'function';
  const prefix = isClass ? service.name : instancePrefix(service);
  // What is inherited comes first, so that what overrides it takes its place.
  const owners = chainOf(service, isClass).reverse();
  const found = owners.flatMap((owner) => Object.entries(Object.getOwnPropertyDescriptors(owner)));
  const methods = new Map(found.map(([key, descriptor]) => [key, operationOf(descriptor.value)]));
  const entries = [...methods].flatMap(([key, operation]) =>
    operation ? [{ name: `${prefix}.${key}`, operation, receiver: service }] : [],
  );
  if (entries.length > 0) return entries;
  throw new InvalidInput(
    'invalid_service',
    `'${prefix}' in services has no ${isClass ? 'static ' : ''}method marked with @workflow, @step, @transaction or @tool.` +
      (isClass ? ' Methods of instances need an instance: configured(name, new …).' : ''),
  );
}

/** The object itself and what it inherits from, nearest first. */
function chainOf(service: Service, isClass: boolean): object[] {
  const chain: object[] = [];
  const end = isClass ? Function.prototype : Object.prototype;
  for (let owner: object | null = service; owner !== null && owner !== end; owner = Object.getPrototypeOf(owner)) {
    chain.push(owner);
  }
  return chain;
}

function instancePrefix(service: Service): string {
  const name = instanceNames.get(service);
  if (name === undefined || typeof service !== 'object' || service === null) {
    throw new InvalidInput(
      'invalid_service',
      'services takes classes, and instances that were named with configured(name, instance).',
    );
  }
  return `${service.constructor.name}.${name}`;
}
