// The check of a workflow's input against its schema, before anything is recorded.

import type { z } from 'zod';
import { InvalidInput } from '../core/errors.ts';

/** One thing that is wrong with an input: where (a JSON pointer, RFC 6901) and what. */
export interface InputIssue {
  pointer: string;
  detail: string;
}

/**
 * Returns `input` as `schema` understands it: checked, with defaults filled in.
 * @throws InvalidInput `invalid_input`, naming the first field, with every issue in `details`.
 */
export function checkInput(workflow: string, schema: z.ZodType | undefined, input: unknown): unknown {
  if (!schema) return input;
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(inputIssues);
  const first = issues[0]!;
  const where = first.pointer === '' ? 'the input' : `'${first.pointer}'`;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  throw new InvalidInput(
    'invalid_input',
    `${workflow} cannot take this input: ${where}: ${first.detail}${more}.`,
    issues,
  );
}

/** Returns what `issue` says; keys that the schema does not know are reported one by one. */
export function inputIssues(issue: z.core.$ZodIssue): InputIssue[] {
  const pointer = issue.path.map((part) => pointerTo(String(part))).join('');
  if (issue.code !== 'unrecognized_keys') return [{ pointer, detail: lowerFirst(issue.message) }];
  return issue.keys.map((key) => ({ pointer: pointer + pointerTo(key), detail: 'is not a field of this input' }));
}

function pointerTo(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
