// Models of several agents: each agent asks a class of its own, which follows a script of its own.

import type { ModelSource } from '../../../src/inference/registry/registry.ts';
import { type Script, scriptedModel, type ScriptedModel } from '../../../src/testing.ts';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';

const scripted: Record<string, ScriptedModel> = {};

/** Prepares the models of the next run, by class. Returns all that there are, which keep what they were asked. */
export function prepare(scripts: Record<string, Script<LanguageModelV4CallOptions>>): typeof scripted {
  for (const [name, script] of Object.entries(scripts)) scripted[name] = scriptedModel(script);
  return scripted;
}

export const models: ModelSource = {
  model: (name) => scripted[name]!,
};
