// How much a tool may return: what is recorded, and read again by a model with each question, has to end somewhere.

import { TerminalError } from './errors.ts';
import { plainJson } from './plain-json.ts';

/** Characters of JSON. */
const LONGEST_RESULT = 1_000_000;

/** Returns `value`. `undone` says whether nothing is left of the call when this throws. @throws TerminalError `tool_result_too_large` */
export function assertFits<T>(tool: string, value: T, undone = false): T {
  const characters = JSON.stringify(plainJson(value)).length;
  if (characters <= LONGEST_RESULT) return value;
  throw new TerminalError(
    'tool_result_too_large',
    `'${tool}' returned ${characters} characters of JSON, and at most ${LONGEST_RESULT} are taken. What it did is ${undone ? 'undone' : 'done all the same'}. Ask it for less.`,
    { characters, most: LONGEST_RESULT },
  );
}
