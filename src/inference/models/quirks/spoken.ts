// Calls of tools that a model wrote as text, because its server does not know the marks of this model.

import { wholeJson } from '../json.ts';
import { argumentsText, isFields } from './answers.ts';

/** A call that was written as text. */
export interface SpokenCall {
  name: string;
  /** JSON, where it could be understood. */
  input: string;
}

const BEGINNINGS = ['<think>', '<thinking>'];
const MARKS = ['<tool_call>', '[tool_calls]', '<|python_tag|>', '<function='];
/** What is written of a call. An object with anything besides is a value. */
const FIELDS: ReadonlySet<string> = new Set(['type', 'id', 'index', 'name', 'arguments', 'parameters', 'args']);

/** What a text may become: a thought or calls, which have to be seen whole; nothing but text; or any of these. */
export type Promised = 'thought' | 'call' | 'text' | 'any';

/** Returns what may become of a text with this beginning. */
export function promiseOf(beginning: string, hasTools: boolean): Promised {
  const start = beginning.trimStart().toLowerCase();
  const marks = hasTools ? MARKS : [];
  if (BEGINNINGS.some((mark) => start.startsWith(mark))) return 'thought';
  if (marks.some((mark) => start.startsWith(mark))) return 'call';
  if ([...BEGINNINGS, ...marks].some((mark) => mark.startsWith(start))) return 'any';
  if (!hasTools || !/^[[{]/.test(start)) return 'text';
  const plain = start.replace(/\s/g, '');
  const openings = ['{"name"', '{"type":"function"', '{"function"', '[{"name"', '[{"type":"function"', '[{"function"'];
  if (openings.some((opening) => plain.startsWith(opening))) return 'call';
  return openings.some((opening) => opening.startsWith(plain)) ? 'any' : 'text';
}

/**
 * Returns the calls that a text consists of; undefined for a text that says anything else besides, or calls what is not among `tools`. A
 * text that quotes a call, from a page that it was given for instance, is no call.
 */
export function callsIn(text: string, tools: ReadonlySet<string>): SpokenCall[] | undefined {
  const said = text.trim();
  const calls =
    each(said, /<tool_call>([\s\S]*?)(?:<\/tool_call>|$)\s*/gy)?.flatMap(valuesIn) ??
    each(said, /<function=([^>\s]+)>([\s\S]*?)<\/function>\s*/gy, ([, name, input]) => ({ name, arguments: input })) ??
    each(
      said,
      /\[TOOL_CALLS\]\s*([\w.-]+)(?:\[ARGS\])?\s*(\{[\s\S]*?\})\s*(?=\[TOOL_CALLS\]|$)/gy,
      ([, name, input]) => ({
        name,
        arguments: input,
      }),
    ) ??
    valuesIn(said.replace(/^\[TOOL_CALLS\]|^<\|python_tag\|>/, ''));
  const read = calls.map((call) => spokenCall(call, tools));
  return read.length > 0 && read.every((call) => call !== undefined) ? read : undefined;
}

/** Returns what `of` makes of each match when the text consists of nothing else. */
function each(
  text: string,
  pattern: RegExp,
  of: (match: RegExpExecArray) => unknown = ([, inner]) => inner,
): unknown[] | undefined {
  const found: unknown[] = [];
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) return undefined;
    found.push(of(match));
  }
  return found.length > 0 ? found : undefined;
}

/** Returns the calls in a text that is JSON: one, or several. */
function valuesIn(text: unknown): unknown[] {
  const json = wholeJson(String(text).trim());
  return json === undefined ? [undefined] : [JSON.parse(json) as unknown].flat();
}

function spokenCall(value: unknown, tools: ReadonlySet<string>): SpokenCall | undefined {
  if (!isFields(value)) return undefined;
  const call = isFields(value['function']) ? value['function'] : value;
  if (Object.keys(call).some((key) => !FIELDS.has(key))) return undefined;
  const name = toolNamed(call['name'], tools);
  const given = call['arguments'] ?? call['parameters'] ?? call['args'];
  if (name === undefined || (given !== undefined && typeof given !== 'string' && !isFields(given))) return undefined;
  return { name, input: argumentsText(given) };
}

/** Returns the tool that a model means, some of which put a namespace before its name; undefined for none. */
export function toolNamed(name: unknown, tools: ReadonlySet<string>): string | undefined {
  if (typeof name !== 'string') return undefined;
  return [name, name.trim(), name.trim().replace(/^(?:functions|tools|default_api)[.:]/, '')].find((one) =>
    tools.has(one),
  );
}
