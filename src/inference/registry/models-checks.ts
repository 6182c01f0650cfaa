// What is wrong with the definitions of endpoints and classes taken together, or with what they refer to. It looks at what was read
// before the schema has: problems of both kinds are reported at once.

import { nearest } from '../../lib/nearest.ts';
import { keyVariableOf } from './definition.ts';

/** What a file refers to. */
export interface Surroundings {
  /** Returns a variable of the environment; left out where keys are of no interest. */
  variable?: ((name: string) => string | undefined) | undefined;
  /** The names of the endpoints that the app gives; undefined where the app is not known. */
  given?: readonly string[] | undefined;
  /** The names of the classes that the app gives. */
  classes?: readonly string[] | undefined;
}

/** The endpoint that every process has. */
export const LOCAL = 'local';

export type Path = readonly PropertyKey[];
/** A problem before its place is known. `key` says that the name itself is wrong, not what it stands for. */
export interface Found {
  path: Path;
  /** The path as it may be shown, where that is another. */
  shown?: Path;
  message: string;
  key?: boolean;
}

/** Returns what several fields of an endpoint say together that cannot be, and what they refer to that is not there. */
export function endpointProblems(raw: unknown, { variable, given }: Surroundings): Found[] {
  return entries(field(raw, 'endpoints')).flatMap(([name, endpoint]) => {
    if (!isObject(endpoint)) return [];
    const provider = endpoint.provider ?? 'openai-compatible';
    return [
      ...fieldsOfProvider(name, endpoint, provider),
      ...nameProblems(name, provider, given),
      ...keyProblems(name, endpoint, variable),
    ];
  });
}

function fieldsOfProvider(name: string, endpoint: Record<string, unknown>, provider: unknown): Found[] {
  if (provider === 'openai-compatible') {
    const missing = ['baseUrl', 'model'].filter((key) => endpoint[key] === undefined);
    return missing.map((key) => ({ path: ['endpoints', name], message: `needs ${key}`, key: true }));
  }
  if (provider !== 'local' && provider !== 'app') return [];
  const needless = ['baseUrl', 'model', 'apiKey', 'key', 'structured'].filter((key) => key in endpoint);
  const message = `is not for an endpoint with provider ${provider}`;
  return needless.map((key) => ({ path: ['endpoints', name, key], message, key: true }));
}

function nameProblems(name: string, provider: unknown, given: readonly string[] | undefined): Found[] {
  if (name === LOCAL && provider !== 'local') {
    const message = 'is the name of the offline model: call this endpoint something else';
    return [{ path: ['endpoints', name], message, key: true }];
  }
  if (provider !== 'app' || given === undefined || given.includes(name)) return [];
  const instead = given.length === 0 ? '' : meant(name, given);
  const message = `is app, but createApp({ models }) gives no endpoint of this name${instead}`;
  return [{ path: ['endpoints', name, 'provider'], message }];
}

function keyProblems(name: string, endpoint: Record<string, unknown>, variable: Surroundings['variable']): Found[] {
  const path = (key: string): Path => ['endpoints', name, key];
  const found: Found[] = [];
  if ('apiKey' in endpoint && 'key' in endpoint)
    found.push({ path: path('key'), message: 'says the same as apiKey: leave one of them out', key: true });
  const needed = keyVariableOf(endpoint);
  if (needed !== undefined && variable !== undefined && !variable(needed)) {
    const message = `needs the variable ${needed}, which the environment does not have`;
    found.push({ path: path('apiKey' in endpoint ? 'apiKey' : 'key'), message });
  }
  return found;
}

/** Returns what is wrong with the endpoints and classes that classes name. `app` has the names of the classes of the app. */
export function classProblems(raw: unknown, app: readonly string[] = []): Found[] {
  const endpoints = [...entries(field(raw, 'endpoints')).map(([name]) => name), LOCAL];
  const classes = entries(field(raw, 'classes'));
  const known = [...new Set([...classes.map(([name]) => name), ...app, LOCAL])];
  return classes.flatMap(([name, value]) => {
    const path = ['classes', name];
    if (Array.isArray(value)) return memberProblems(path, value, endpoints);
    if (!isObject(value)) return [];
    const members = Array.isArray(value.endpoints)
      ? memberProblems([...path, 'endpoints'], value.endpoints, endpoints)
      : [];
    return [...members, ...otherProblems(name, value, known, new Map(classes))];
  });
}

function memberProblems(path: Path, members: readonly unknown[], known: readonly string[]): Found[] {
  return members.flatMap((endpoint, index): Found[] => {
    if (typeof endpoint !== 'string' || endpoint.trim() === '') return [];
    const at = [...path, index];
    if (!known.includes(endpoint))
      return [{ path: at, message: `names an endpoint that the file does not define${meant(endpoint, known)}` }];
    return members.indexOf(endpoint) < index ? [{ path: at, message: 'names an endpoint for the second time' }] : [];
  });
}

/** What is wrong with the classes to which calls of a class may go. */
function otherProblems(
  name: string,
  value: Record<string, unknown>,
  known: readonly string[],
  classes: ReadonlyMap<string, unknown>,
): Found[] {
  const ask = isObject(value.ask) ? value.ask : {};
  const rules = Array.isArray(value.rules) ? (value.rules as unknown[]) : [];
  const of = Array.isArray(ask.of) ? (ask.of as unknown[]) : [];
  const named: [Path, unknown][] = [
    [['degrade'], value.degrade],
    [['otherwise'], value.otherwise],
    [['ask', 'class'], ask.class],
    ...rules.map((rule, index): [Path, unknown] => [['rules', index, 'class'], field(rule, 'class')]),
    ...of.map((other, index): [Path, unknown] => [['ask', 'of', index], other]),
  ];
  return named.flatMap(([path, other]): Found[] => {
    if (typeof other !== 'string' || other.trim() === '') return [];
    const at = ['classes', name, ...path];
    if (!known.includes(other))
      return [{ path: at, message: `names a class that is not defined${meant(other, known)}` }];
    if (field(classes.get(other), 'route') !== undefined)
      return [{ path: at, message: 'names a class that picks another one itself' }];
    const isCircle = path[0] === 'degrade' && leadsTo(name, other, classes);
    return isCircle ? [{ path: at, message: 'leads back to this class' }] : [];
  });
}

function leadsTo(name: string, from: string, classes: ReadonlyMap<string, unknown>): boolean {
  const seen = new Set<unknown>();
  let next: unknown = from;
  while (typeof next === 'string' && next !== name && !seen.has(next)) {
    seen.add(next);
    next = field(classes.get(next), 'degrade');
  }
  return next === name;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function field(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

/** Returns what may have been meant by `name`, to be put behind a sentence. */
export function meant(name: string, known: readonly string[]): string {
  const close = nearest(name, known);
  return close === undefined
    ? `; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`
    : `: did you mean ${close}?`;
}
