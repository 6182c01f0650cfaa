// The worker thread of the local model: it answers one task at a time and remembers the documents it was asked about
// last.

import { AnalysisCache } from './analysis-cache.ts';
import { answerFrom } from './answer.ts';
import type { LocalAnswer, LocalTask } from './task.ts';

/** The thread's own memory; a thread serves one task at a time, and ends with its pool. */
const analyses = new AnalysisCache();

/** Called by the pool with each task. */
export default function answer(task: LocalTask): LocalAnswer {
  return answerFrom(analyses.of(task.document), task);
}
