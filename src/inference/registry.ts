// Which endpoints and model classes a process has: of the file, of the app, of the environment, or none but the offline model.

import type { LanguageModelV4 } from '@ai-sdk/provider';
import { InvalidInput, Unavailable } from '../core/errors.ts';
import { type AppModels, appModels } from './app-models.ts';
import type { CallScope } from './call.ts';
import { classModel } from './class-model.ts';
import type { ModelsDefinition } from './definition.ts';
import { type Endpoint, endpointOf, type EndpointSource, sourceOf } from './endpoint.ts';
import { LocalPool } from './local/pool.ts';
import { createLocalModel } from './models/local.ts';
import type { OpenAIEndpoint } from './models/openai.ts';
import { LOCAL } from './models-checks.ts';
import { type FileProblem, problemLine, readModelsYaml, wholeFile } from './models-yaml.ts';
import { endpointView, type ModelsView } from './view.ts';

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
  classes: ReadonlyMap<string, readonly Endpoint[]>;
  /** What answers for classes that nobody has defined; only where nobody has defined any. */
  otherwise: readonly Endpoint[] | undefined;
}

/** The classes that there are without a file. */
const USUAL_CLASSES = ['reasoning', 'small'];

export class Registry implements Models {
  readonly #settings: RegistrySettings;
  readonly #given: AppModels;
  readonly #pool = new LocalPool();
  readonly #local: LanguageModelV4;
  #present: Present = { endpoints: new Map(), classes: new Map(), otherwise: undefined };
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
    const found = readModelsYaml(source, { variable: this.#settings.variable, given });
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

  model(className: string): LanguageModelV4 {
    if (className.trim() === '')
      throw new InvalidInput('model_class_invalid', 'A model class needs a name, such as "small" or "reasoning".');
    const { classes, otherwise } = this.#present;
    const endpoints = classes.get(className) ?? otherwise;
    if (endpoints) return classModel(className, endpoints);
    const known = [...classes.keys()];
    throw new InvalidInput(
      'model_class_unknown',
      `There is no model class '${className}': define it in ${this.#file?.name ?? 'models.yaml'}, or ask for one of those that there are (${known.join(', ')}).`,
      { class: className, known },
    );
  }

  modelsOf(className: string): readonly string[] | undefined {
    const { classes, otherwise } = this.#present;
    return (classes.get(className) ?? otherwise)?.map(({ modelId }) => modelId);
  }

  view(): ModelsView {
    const { endpoints, classes } = this.#present;
    const listed = [...classes].map(([name, members]) => ({ name, endpoints: members.map((member) => member.name) }));
    const classesOf = (name: string): string[] =>
      listed.filter((listing) => listing.endpoints.includes(name)).map((listing) => listing.name);
    return {
      source: this.#file?.readAt !== undefined ? 'file' : this.#settings.openai ? 'environment' : 'default',
      file: this.#file?.name ?? null,
      readAt: this.#file?.readAt ?? null,
      endpoints: [...endpoints.values()].map((endpoint) => endpointView(endpoint, classesOf(endpoint.name))),
      classes: listed,
      problems: this.#file?.problems ?? [],
    };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Puts what `file` defines, or what there is without one, in place of what is there. Returns what keeps it from that. */
  #replace(file: ModelsDefinition | undefined): FileProblem[] {
    const names = new Map([
      [LOCAL, [LOCAL]],
      ...(file ? [] : USUAL_CLASSES.map((name): [string, string[]] => [name, [this.#usual()]])),
      ...this.#given.classes,
      ...(file?.classes ?? []),
    ]);
    const sources = this.#sources(file);
    const problems = [...names].flatMap(([name, members]) =>
      members
        .filter((member) => !sources.has(member))
        .map((member) => wholeFile(`does not define the endpoint ${member}, which the app's class ${name} names`)),
    );
    if (problems.length > 0) return problems;
    const endpoints = new Map(
      [...sources].map(([name, source]) => [name, endpointOf(name, source, this.#present.endpoints.get(name))]),
    );
    const classes = new Map(
      [...names].map(([name, members]) => [name, members.map((member) => endpoints.get(member)!)]),
    );
    const isOpen = !file && this.#given.classes.size === 0;
    this.#present = { endpoints, classes, otherwise: isOpen ? [endpoints.get(this.#usual())!] : undefined };
    return [];
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
