// The local model's answer to a task: a filled schema, a general description as JSON, or a summary.

import type { Analysis } from './analysis.ts';
import { fillSchema } from './fill/fill.ts';
import { sentencesAsked } from './fill/query.ts';
import type { Schema } from './fill/schema.ts';
import type { LocalAnswer, LocalTask } from './task.ts';

const charsPerSentence = 240;
const usualSentences = 3;

/** What JSON without a schema holds. */
const general: Schema = {
  type: 'object',
  properties: {
    title: { type: ['string', 'null'] },
    language: { type: ['string', 'null'] },
    kind: { type: 'string' },
    summary: { type: 'string' },
    keyphrases: { type: 'array', items: { type: 'string' } },
  },
  required: ['title', 'language', 'kind', 'summary', 'keyphrases'],
  additionalProperties: false,
};

/** Answers from the analysis alone; the same task always gets the same answer. */
export function answerFrom(analysis: Analysis, task: LocalTask): LocalAnswer {
  if (task.json) {
    const { value, unfilled, invalid } = fillSchema(task.json.schema ?? general, analysis, task.instruction);
    return { text: JSON.stringify(value), unfilled, invalid };
  }
  const sentences = sentencesAsked(task.instruction) ?? usualSentences;
  const maxChars = Math.min(task.maxChars ?? Infinity, Math.max(700, sentences * charsPerSentence));
  return { text: analysis.summary({ sentences, maxChars }).join(' '), unfilled: [], invalid: [] };
}
