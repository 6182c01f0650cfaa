// What each system does: runs of ten steps, each with one call of a model that answers at once.

import type { LanguageModelV4 } from '@ai-sdk/provider';
import { generateText } from 'ai';

export const SYSTEMS = ['stock', 'holdfast-bare', 'holdfast'] as const;

/**
 * `holdfast` asks through a class with a limit of requests and tokens, a price and a budget; `holdfast-bare` asks the model itself in the
 * same kind of step, and `stock` does so in a step of the DBOS SDK.
 */
export type CallsSystem = (typeof SYSTEMS)[number];

/** What a measured process is given. */
export interface CallsTask {
  part: 'calls';
  system: CallsSystem;
  databaseUrl: string;
  /** Runs at a time. */
  concurrency: number;
  /** Calls before those that count, and those that do. */
  warmUp: number;
  calls: number;
}

/** Makes a run, and appends the milliseconds of each of its steps to `durations`. */
export type MakeRun = (durations: number[]) => Promise<void>;

export const STEPS_OF_RUN = 10;

/** Answers at once, in this process. */
export const instant: LanguageModelV4 = {
  specificationVersion: 'v4',
  provider: 'bench',
  modelId: 'instant',
  supportedUrls: {},
  doGenerate: async () => ({
    content: [{ type: 'text', text: 'Yes.' }],
    finishReason: { unified: 'stop', raw: 'stop' },
    usage: {
      inputTokens: { total: 20, noCache: 20, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 2, text: 2, reasoning: 0 },
    },
    warnings: [],
  }),
  doStream: async () => {
    throw new Error('Nobody asks for a stream here.');
  },
};

/** Asks `model` something short. */
export async function ask(model: LanguageModelV4): Promise<string> {
  return (await generateText({ model, prompt: 'Is the sky blue?', maxRetries: 0 })).text;
}
