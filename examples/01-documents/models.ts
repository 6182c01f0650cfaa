// The three questions that models are asked about a document: one call each, with an answer that fits a schema. What takes judgement goes to
// the class `reasoning`, the rest to `small`.

import { generateText, Output } from 'ai';
import { classifyModelError, model, stepContext } from 'holdfast';
import { z } from 'zod';
import { type Entity, KINDS, type Usage } from './types.ts';

/** What fits a small model's context with room for the answer: about 12,000 tokens. */
const LONGEST_PROMPT_CHARACTERS = 48_000;

const Classification = z.object({
  kind: z.enum(KINDS).describe('The kind of document'),
  language: z.string().describe('The language of the text as an ISO 639-1 code, or und'),
});

const Mentions = z.object({
  entities: z
    .array(z.object({ text: z.string(), type: z.string() }))
    .max(40)
    .describe('People, organisations, products, places, dates and amounts that the document names'),
  keyphrases: z.array(z.string()).max(12).describe('The most important terms of the document'),
});

const Summary = z.object({ summary: z.string().describe('A summary in two to four plain sentences') });

/** An answer, with the model that gave it and what it took. */
export interface Answered<T> {
  answer: T;
  model: string;
  usage: Usage;
}

/** Tells the kind and the language of `text`. */
export function classify(text: string): Promise<Answered<{ kind: string; language: string }>> {
  return ask('small', 'Classify the document.', text, Classification);
}

/** Finds what `text` mentions. */
export function findMentions(text: string): Promise<Answered<{ entities: Entity[]; keyphrases: string[] }>> {
  return ask(
    'small',
    'List the named entities and the key phrases of the document, as they stand in it.',
    text,
    Mentions,
  );
}

/** Summarises `text`. */
export function summarise(text: string): Promise<Answered<{ summary: string }>> {
  return ask('reasoning', 'Summarise the document for somebody who decides whether to read it.', text, Summary);
}

async function ask<T>(
  modelClass: 'small' | 'reasoning',
  instruction: string,
  text: string,
  schema: z.ZodType<T>,
): Promise<Answered<T>> {
  const asked = model(modelClass);
  try {
    const { output, usage } = await generateText({
      model: asked,
      instructions: `${instruction} Use nothing but the document. Answer with JSON only.`,
      prompt: `<document>\n${text.slice(0, LONGEST_PROMPT_CHARACTERS)}\n</document>`,
      output: Output.object({ schema }),
      maxRetries: 0,
      abortSignal: stepContext().signal,
    });
    const tokens = { inputTokens: usage.inputTokens ?? 0, outputTokens: usage.outputTokens ?? 0 };
    return { answer: output, model: asked.provider === 'local' ? 'local' : asked.modelId, usage: tokens };
  } catch (error) {
    throw classifyModelError(error);
  }
}
