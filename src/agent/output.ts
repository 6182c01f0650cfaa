// An agent's structured result: how the model is asked for it, and whether the final answer is one.

import { wrapLanguageModel } from 'ai';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { z } from 'zod';
import type { Issue } from '../core/decide.ts';
import { inputIssues } from '../define/input.ts';
import { jsonIn } from '../inference/models/json.ts';

/** Returns the instructions with what the final answer has to look like. */
export function withOutputSchema(instructions: string, schema: Record<string, unknown>): string {
  return (
    `${instructions}\n\nOnce you are done, answer with one JSON value and nothing else, without code fences. ` +
    `It has to match this JSON schema:\n${JSON.stringify(schema)}`
  );
}

/**
 * Returns `model` asked for JSON of `schema`. That is left to a wrapper because the AI SDK's own way fails the call when the answer does
 * not fit: the answer has to be recorded, and repaired.
 */
export function answeringWith(model: LanguageModelV4, schema: Record<string, unknown>): LanguageModelV4 {
  return wrapLanguageModel({
    model,
    middleware: {
      specificationVersion: 'v4',
      transformParams: async ({ params }) => ({
        ...params,
        responseFormat: { type: 'json', schema },
      }),
    },
  });
}

/** Returns the value that the final answer `text` is according to `schema`, or what is wrong with it. */
export async function readOutput(
  schema: z.ZodType,
  text: string,
): Promise<{ fits: true; value: unknown } | { fits: false; issues: Issue[] }> {
  let json: unknown;
  try {
    json = JSON.parse(jsonIn(text));
  } catch {
    return { fits: false, issues: [{ pointer: '', detail: 'is not JSON' }] };
  }
  const parsed = await schema.safeParseAsync(json);
  if (parsed.success) return { fits: true, value: parsed.data };
  return { fits: false, issues: parsed.error.issues.flatMap(inputIssues) };
}
