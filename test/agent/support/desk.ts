// An agent at a desk with the tools that a test gives it: a workflow in a real service that runs the loop, and counts what was done.

import { vi } from 'vitest';
import type { z } from 'zod';
import { type AgentSettings, runAgent } from '../../../src/agent/loop.ts';
import { Checkpoints } from '../../../src/engine/checkpoint.ts';
import { step, stepContext, workflow } from '../../../src/index.ts';
import type { ModelSource } from '../../../src/inference/registry/registry.ts';
import type { StepRunner } from '../../../src/steps/step.ts';
import { type Script, scriptedModel, type ScriptedModel } from '../../../src/testing.ts';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';

/** A tool of a test: its body runs as one step. */
export interface DeskTool {
  name: string;
  input: z.ZodType;
  body: (args: any) => unknown;
}

/** What the next run is, and what was done. A restart of the service keeps it. */
export const desk = {
  settings: {} as Partial<AgentSettings>,
  tools: [] as DeskTool[],
  model: scriptedModel([]),
  /** The calls whose bodies ran, as `name(args)`, with the numbers of their steps. */
  ran: [] as { call: string; stepId: number }[],
  /** The running service has made them; the first durable call of a run shows them. */
  checkpoints: (): Checkpoints | undefined => undefined,
};

/** Prepares the next run: the answers of its model, its tools, and other settings. Returns the model, which keeps what it was asked. */
export function prepare(
  script: Script<LanguageModelV4CallOptions>,
  tools: DeskTool[] = [],
  settings: Partial<AgentSettings> = {},
): ScriptedModel {
  const spy = vi.spyOn(Checkpoints.prototype, 'step');
  const checkpoints = (): Checkpoints | undefined => spy.mock.contexts.at(-1) as Checkpoints | undefined;
  Object.assign(desk, { settings, tools, model: scriptedModel(script), ran: [], checkpoints });
  return desk.model;
}

/** The models of the service: whatever is asked for, it is the model of the test. */
export const models: ModelSource = {
  model: () => desk.model,
};

export class Desk {
  @workflow()
  static async work(task: string): Promise<unknown> {
    await Desk.sitDown();
    const runner: StepRunner = {
      checkpoints: desk.checkpoints()!,
      models,
      onFailedAttempt: async () => {},
    };
    const tools = desk.tools.map(({ name, input }) => ({
      name,
      description: `Does ${name}.`,
      input,
      call: (args: unknown) => Desk.use(name, args),
    }));
    return runAgent(
      runner,
      { name: 'Desk.work', model: 'small', instructions: 'Work.', tools, ...desk.settings },
      task,
    );
  }

  @step()
  static async sitDown(): Promise<void> {}

  @step()
  static async use(name: string, args: unknown): Promise<unknown> {
    desk.ran.push({ call: `${name}(${JSON.stringify(args)})`, stepId: stepContext().stepId! });
    return desk.tools.find((tool) => tool.name === name)!.body(args);
  }
}

/** The messages that the model was given with its call number `n`, without the system prompt, as the provider gets them. */
export function askedWith(model: ScriptedModel, n: number): { role: string; content: any }[] {
  return model.calls[n]!.prompt.filter(({ role }) => role !== 'system');
}

/** The outputs of tools that the model was given last before its call number `n`. */
export function resultsBefore(model: ScriptedModel, n: number): { toolName: string; output: any }[] {
  const last = askedWith(model, n).at(-1)!;
  return last.role === 'tool' ? last.content.map(({ toolName, output }: any) => ({ toolName, output })) : [];
}
