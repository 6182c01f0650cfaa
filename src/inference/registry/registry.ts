// Which endpoints and model classes a process has: of the file, of the app, of the environment, or none but the offline model.

import type { LanguageModelV4 } from '@ai-sdk/provider';
import { InvalidInput, Unavailable } from '../../core/errors.ts';
import { type AppModels, appModels } from './app-models.ts';
import type { CallScope } from '../calls/call.ts';
import type { ClassDefinition } from './class-definition.ts';
import { cachedModel } from '../kept/cached-model.ts';
import { classModel, type ClassRoute, type FindClass } from '../routing/class-model.ts';
import type { Limited } from '../buckets/limits.ts';
import type { ModelsDefinition, TenantLimits } from './definition.ts';
import { type Endpoint, endpointOf, type EndpointSource, sourceOf } from './endpoint.ts';
import { LocalPool } from '../local/pool.ts';
import { createLocalModel } from '../models/local.ts';
import type { OpenAIEndpoint } from '../models/openai.ts';
import { classesNamed } from './class-definition.ts';
import { LOCAL } from './models-checks.ts';
import { type FileProblem, problemLine, readModelsYaml, wholeFile } from './models-yaml.ts';
import { Routing } from '../routing/routing.ts';
import { classView, endpointView, type ModelsView } from './view.ts';

/** Where steps get their models. */
export interface ModelSource {
  /**
   * Returns the model of a class, for calls on behalf of `scope`. @throws InvalidInput `model_class_unknown` and `model_class_invalid`
   */
  model(className: string, scope?: CallScope): LanguageModelV4;
  /** Returns the models that may answer for a class, by what their endpoints call them; undefined where there is no such class. */
  modelsOf?(className: string): readonly string[] | undefined;
}

/** The models of a process. */
export interface Models extends ModelSource {
  /** What calls go through. */
  readonly routing: Routing;
  /** Returns what there is that may have limits. */
  limited(): Limited;
  /** Returns what there is, fit to be shown. */
  view(): ModelsView;
  /** Ends the local model's threads. Calls afterwards fail with `Unavailable` `models_closed`. */
  close(): Promise<void>;
}

export interface RegistrySettings {
  /** What answers where there is no file; without it the offline local model does. */
  openai?: OpenAIEndpoint | undefined;
  /** What the app gives. */
  given?: AppModels | undefined;
  /** Returns a variable of the environment; left out in a process that calls no models and needs no keys. */
  variable?: ((name: string) => string | undefined) | undefined;
}

/** What there is at a time. It is replaced as a whole: whoever has it goes on with it. */
interface Present {
  endpoints: ReadonlyMap<string, Endpoint>;
  classes: ReadonlyMap<string, ClassRoute>;
  /** What answers for classes that nobody has defined; only where nobody has defined any. */
  otherwise: Endpoint | undefined;
  /** What there is to say about tenants. */
  tenants: ReadonlyMap<string, TenantLimits>;
}

/** The classes that there are without a file. */
const USUAL_CLASSES = ['reasoning', 'small'];

export class Registry implements Models {
  readonly routing = new Routing();
  readonly #settings: RegistrySettings;
  readonly #given: AppModels;
  readonly #pool = new LocalPool();
  readonly #local: LanguageModelV4;
  #present: Present = { endpoints: new Map(), classes: new Map(), otherwise: undefined, tenants: new Map() };
  #file: { name: string; readAt: string | undefined; problems: readonly FileProblem[] } | undefined;

  /** Nothing is there before `start()` or `read()`. */
  constructor(settings: RegistrySettings = {}) {
    this.#settings = settings;
    this.#given = settings.given ?? appModels();
    this.#local = createLocalModel(this.#pool);
  }

  /**
   * Has what there is without a file; nothing is called before the first question.
   * @throws Unavailable `models_invalid` and, for the endpoint of the environment, `model_config_invalid`
   */
  start(): void {
    const problems = this.#replace(undefined);
    if (problems.length > 0) throw modelsInvalid('createApp({ models })', problems);
  }

  /** Has what the file called `name` with the text `source` says. Returns what is wrong with it; then all stays as it was. */
  read(name: string, source: string, now: Date): readonly FileProblem[] {
    const given = [...this.#given.endpoints.keys()];
    const found = readModelsYaml(source, {
      variable: this.#settings.variable,
      given,
      classes: [...this.#given.classes.keys()],
    });
    const problems = found.ok ? this.#replace(found.definition) : found.problems;
    const readAt = problems.length > 0 ? this.#file?.readAt : now.toISOString();
    this.#file = { name, readAt, problems };
    return problems;
  }

  /** Notes that the file called `name` cannot be read any more. All stays as it was. */
  lost(name: string, why: string): readonly FileProblem[] {
    this.#file = { name, readAt: this.#file?.readAt, problems: [wholeFile(`cannot be read (${why})`)] };
    return this.#file.problems;
  }

  model(className: string, scope?: CallScope): LanguageModelV4 {
    if (className.trim() === '')
      throw new InvalidInput('model_class_invalid', 'A model class needs a name, such as "small" or "reasoning".');
    // Calls of this model end with what there is now.
    const present = this.#present;
    const file = this.#file?.name ?? 'models.yaml';
    const find: FindClass = (name) => classOf(present, name) ?? unknown(present, name, file);
    const model = classModel(this.routing, find, className, scope);
    const { answers } = this.routing;
    if (!scope?.caching || !answers) return model;
    const targets = [...membersOf(present, className, new Set())].map(({ name, target }) => `${name} ${target}`);
    return cachedModel(model, { answers, caching: scope.caching, scope, class: className, targets });
  }

  modelsOf(className: string): readonly string[] | undefined {
    const present = this.#present;
    const endpoints = membersOf(present, className, new Set());
    return endpoints.size === 0 ? undefined : [...endpoints].map(({ modelId }) => modelId);
  }

  limited(): Limited {
    const { endpoints, tenants } = this.#present;
    return { endpoints: endpoints.values(), tenants };
  }

  view(): ModelsView {
    const { endpoints, classes } = this.#present;
    const listed = [...classes.values()].map(classView);
    const classesOf = (name: string): string[] =>
      listed.filter((listing) => listing.endpoints.includes(name)).map((listing) => listing.name);
    const { breakers } = this.routing;
    return {
      source: this.#file?.readAt !== undefined ? 'file' : this.#settings.openai ? 'environment' : 'default',
      file: this.#file?.name ?? null,
      readAt: this.#file?.readAt ?? null,
      endpoints: [...endpoints.values()].map((endpoint) =>
        endpointView(endpoint, classesOf(endpoint.name), breakers.view(endpoint)),
      ),
      classes: listed,
      problems: this.#file?.problems ?? [],
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.routing.breakers.close(), this.#pool.close()]);
  }

  /** Puts what `file` defines, or what there is without one, in place of what is there. Returns what keeps it from that. */
  #replace(file: ModelsDefinition | undefined): FileProblem[] {
    const definitions = new Map<string, ClassDefinition>([
      [LOCAL, only(LOCAL)],
      ...(file ? [] : USUAL_CLASSES.map((name): [string, ClassDefinition] => [name, only(this.#usual())])),
      ...this.#given.classes,
      ...(file?.classes ?? []),
    ]);
    const sources = this.#sources(file);
    const problems = this.#missing(definitions, sources);
    if (problems.length > 0) return problems;
    const endpoints = new Map(
      [...sources].map(([name, source]) => [name, endpointOf(name, source, this.#present.endpoints.get(name))]),
    );
    const classes = new Map([...definitions].map(([name, definition]) => [name, routeOf(name, definition, endpoints)]));
    const isOpen = !file && this.#given.classes.size === 0;
    const otherwise = isOpen ? endpoints.get(this.#usual())! : undefined;
    this.#present = { endpoints, classes, otherwise, tenants: file?.tenants ?? new Map() };
    return [];
  }

  #missing(definitions: ReadonlyMap<string, ClassDefinition>, sources: ReadonlyMap<string, unknown>): FileProblem[] {
    return [...definitions].flatMap(([name, definition]) => {
      const members = definition.kind === 'endpoints' ? definition.endpoints : [];
      const endpoints = members
        .filter((member) => !sources.has(member))
        .map((member) => wholeFile(`does not define the endpoint ${member}, which the app's class ${name} names`));
      const others = classesNamed(definition).flatMap((other) => {
        const found = definitions.get(other);
        if (!found) return [wholeFile(`does not define the class ${other}, which the app's class ${name} names`)];
        const isOpen = found.kind === 'auto';
        return isOpen ? [wholeFile(`has in ${name} the class ${other}, which picks another one itself`)] : [];
      });
      return [...endpoints, ...others];
    });
  }

  /** The endpoint of all classes where nobody has said anything about them. */
  #usual(): string {
    return this.#settings.openai ? 'openai' : LOCAL;
  }

  #sources(file: ModelsDefinition | undefined): Map<string, EndpointSource> {
    const { openai, variable = () => undefined } = this.#settings;
    const local: EndpointSource = { origin: { kind: 'model', model: this.#local } };
    const given = this.#given.endpoints;
    const ofFile = [...(file?.endpoints ?? [])].map(([name, definition]): [string, EndpointSource] => {
      const known = definition.provider === 'local' ? local : given.get(name);
      return [name, sourceOf(definition, variable, definition.provider === 'openai-compatible' ? undefined : known)];
    });
    const ofEnvironment: [string, EndpointSource][] =
      openai && !file ? [['openai', { origin: { kind: 'openai', ...openai } }]] : [];
    return new Map([[LOCAL, local], ...ofEnvironment, ...given, ...ofFile]);
  }
}

function only(endpoint: string): ClassDefinition {
  return { kind: 'endpoints', endpoints: [endpoint], prefer: 'order', degrade: undefined };
}

function routeOf(name: string, definition: ClassDefinition, endpoints: ReadonlyMap<string, Endpoint>): ClassRoute {
  if (definition.kind === 'auto') return { ...definition, name };
  return { ...definition, name, endpoints: definition.endpoints.map((member) => endpoints.get(member)!) };
}

function classOf({ classes, otherwise }: Present, name: string): ClassRoute | undefined {
  const found = classes.get(name);
  if (found || !otherwise) return found;
  return { kind: 'endpoints', name, endpoints: [otherwise], prefer: 'order', degrade: undefined };
}

function unknown({ classes }: Present, name: string, file: string): never {
  const known = [...classes.keys()];
  throw new InvalidInput(
    'model_class_unknown',
    `There is no model class '${name}': define it in ${file}, or ask for one of those that there are (${known.join(', ')}).`,
    { class: name, known },
  );
}

/** Returns the endpoints of a class and of all to which its calls may go. */
function membersOf(present: Present, name: string, seen: Set<string>): Set<Endpoint> {
  const found = seen.has(name) ? undefined : classOf(present, name);
  if (!found) return new Set();
  seen.add(name);
  const own = found.kind === 'endpoints' ? found.endpoints : [];
  return new Set([...own, ...classesNamed(found).flatMap((other) => [...membersOf(present, other, seen)])]);
}

/** Returns a started registry without a file. */
export function createModels(settings: RegistrySettings = {}): Models {
  const registry = new Registry(settings);
  registry.start();
  return registry;
}

/** Returns the error for models that a process cannot start with. */
export function modelsInvalid(name: string, problems: readonly FileProblem[]): Unavailable {
  const lines = problems.map((problem) => problemLine(name, problem));
  return new Unavailable('models_invalid', `The models cannot be used: ${lines.join('; ')}.`, problems);
}
