// What the local model is asked, and what it answers: plain data that crosses the border between threads.

import type { Schema } from './fill/schema.ts';

/** One question about one document. Without `json` the answer is a summary as plain text. */
export interface LocalTask {
  document: string;
  /** What stands around the document in the prompt; hints such as "in two sentences" are taken from it. */
  instruction: string;
  json?: { schema?: Schema };
  /** The longest answer in characters, for plain text. */
  maxChars?: number;
}

/** The answer as text (JSON text where JSON was asked for). */
export interface LocalAnswer {
  text: string;
  /**
   * The paths of properties for which the document says nothing, e.g. `invoice.dueDate`; they hold the emptiest allowed
   * value.
   */
  unfilled: string[];
  /**
   * The paths whose value, for want of evidence, does not satisfy the schema; the answer must not be used when there
   * are any.
   */
  invalid: string[];
}
