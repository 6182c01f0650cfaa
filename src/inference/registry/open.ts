// The models of a service: the registry, with the file that it follows while the process lives.

import type { EngineLog } from '../../engine/logger.ts';
import { type FileState, WatchedFile } from '../../lib/watched-file.ts';
import type { AppModels } from './app-models.ts';
import { problemLine } from './models-yaml.ts';
import type { OpenAIEndpoint } from '../models/openai.ts';
import { type Models, modelsInvalid, type ModelSource, Registry } from './registry.ts';
import { classesLine } from './view.ts';

/** What the configuration says about models. */
export interface ModelsConfig {
  models: {
    /** The file with endpoints and classes, and whether there has to be one. */
    file: string;
    isRequired: boolean;
    /** Returns a variable of the environment. */
    variable: (name: string) => string | undefined;
  };
  openai: OpenAIEndpoint | undefined;
  /** A process that runs nothing needs no keys. */
  role: 'all' | 'api' | 'worker';
}

/**
 * Returns the models that the file defines or, where there is none and none is needed, those that there are without it; with them those
 * that the app gives. From then on the file is followed: what it says counts for the next call; while it is broken or gone, what it said
 * last counts. `instead` answers for all classes in their place.
 * @throws Unavailable `models_invalid`, naming every problem of the file
 */
export async function openModels(
  { models: { file: name, isRequired, variable }, openai, role }: ModelsConfig,
  given: AppModels,
  log: EngineLog,
  instead?: ModelSource,
): Promise<Models> {
  const registry = new Registry({ openai, given, variable: role === 'api' ? undefined : variable });
  const file = new WatchedFile(name, (state) => follow(registry, name, state, log));
  const state = await file.start();
  const close = async (): Promise<void> => void (await Promise.all([file.stop(), registry.close()]));
  try {
    begin(registry, name, state, isRequired);
  } catch (error) {
    await close();
    throw error;
  }
  if ('text' in state && openai) log.warn(`OPENAI_MODEL has no effect, because ${name} says which models there are.`);
  return {
    model: (className, scope) => (instead ?? registry).model(className, scope),
    modelsOf: (className) => (instead ?? registry).modelsOf?.(className),
    limited: () => registry.limited(),
    view: () => registry.view(),
    routing: registry.routing,
    close,
  };
}

function begin(registry: Registry, name: string, state: FileState, isRequired: boolean): void {
  if ('error' in state && state.error === 'ENOENT' && !isRequired) return registry.start();
  const problems = 'error' in state ? registry.lost(name, state.error) : registry.read(name, state.text, new Date());
  if (problems.length > 0) throw modelsInvalid(name, problems);
}

function follow(registry: Registry, name: string, state: FileState, log: EngineLog): void {
  const problems = 'error' in state ? registry.lost(name, state.error) : registry.read(name, state.text, new Date());
  if (problems.length === 0) return log.info(`${name} was read again: ${classesLine(registry.view().classes)}`);
  const lines = problems.map((problem) => problemLine(name, problem));
  log.warn(`${name} cannot be used as it is now, and what was known before stays in use: ${lines.join('; ')}`);
}
