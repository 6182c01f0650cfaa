// A class of models for a test: endpoints with scripts, gates, and what is told about the calls.

import type { LanguageModelV4 } from '@ai-sdk/provider';
import { generateText } from 'ai';
import { appModels, type ModelOptions } from '../../../src/inference/registry/app-models.ts';
import type { CallEnd, CallScope, Gate, PlannedCall } from '../../../src/inference/calls/call.ts';
import { answeringOf } from '../../../src/inference/routing/class-model.ts';
import { createModels, type Models } from '../../../src/inference/registry/registry.ts';

/** Models as an app gives them. */
export function modelsOf(options: ModelOptions): Models {
  return createModels({ given: appModels(options) });
}

/** On behalf of a run. */
export function scopeOf(runId: string | undefined, differences: Partial<CallScope> = {}): CallScope {
  return {
    runId,
    stepId: 1,
    step: 'model',
    attempt: 1,
    tenant: 'acme',
    signal: new AbortController().signal,
    settleWithStep: () => false,
    ...differences,
  };
}

/** Asks the class and returns what was said, and what is told about who said it. */
export async function asked(models: Models, className: string, runId?: string): Promise<Record<string, unknown>> {
  const { text, providerMetadata } = await generateText({
    model: models.model(className, scopeOf(runId)),
    prompt: 'Hello.',
    maxRetries: 0,
  });
  return { text, ...answeringOf(providerMetadata) };
}

/** A gate that notes what passes it. */
export class Notes implements Gate {
  readonly planned: PlannedCall[] = [];
  readonly ends: CallEnd[] = [];
  readonly log: string[];
  readonly name: string;
  /** What it says of a call: nothing lets it through. */
  refuse: (call: PlannedCall) => Error | undefined = () => undefined;

  constructor(name = 'notes', log: string[] = []) {
    this.name = name;
    this.log = log;
  }

  async enter(call: PlannedCall) {
    const error = this.refuse(call);
    if (error) throw error;
    this.planned.push(call);
    this.log.push(`${this.name} in ${call.endpoint.name}`);
    return {
      ended: (end: CallEnd) => {
        this.ends.push(end);
        this.log.push(`${this.name} ${end.kind} ${call.endpoint.name}`);
      },
    };
  }
}

/** A model that answers with its name. */
export function saying(text: string): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'saying',
    modelId: text,
    supportedUrls: {},
    doGenerate: async () => ({
      content: [{ type: 'text', text }],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: {
        inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 2, text: 2, reasoning: 0 },
      },
      warnings: [],
    }),
    doStream: async () => {
      throw new Error('not asked for');
    },
  };
}
