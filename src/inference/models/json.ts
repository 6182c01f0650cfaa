// JSON by words: the instruction that asks for it, and finding it in what a model wrote.

import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { Schema } from '../local/fill/schema.ts';
import { readLenientJson } from './lenient-json.ts';
import { withoutThought } from './thought.ts';

/** The prompt with a system message at its start that asks for nothing but JSON of this schema. */
export function withJsonInstruction(prompt: LanguageModelV4Prompt, schema: unknown): LanguageModelV4Prompt {
  const shape = schema === undefined ? '' : ` The value has to match this JSON schema:\n${JSON.stringify(schema)}`;
  const instruction = `Answer with one JSON value and nothing else, without code fences.${shape}`;
  const first = prompt[0];
  if (first?.role === 'system')
    return [{ ...first, content: `${first.content}\n\n${instruction}` }, ...prompt.slice(1)];
  return [{ role: 'system', content: instruction }, ...prompt];
}

/** So many places of a text are looked at for a value. */
const MOST_PLACES = 64;

/**
 * Returns the JSON value inside a model's text, as JSON: after its thoughts, within code fences, or among prose, where the longest value
 * counts. Small slips are mended (see `readLenientJson`). Returns the text itself when there is none, or when it was cut off: then the
 * model has to be asked again.
 */
export function jsonIn(text: string): string {
  const said = withoutThought(text).said.trim();
  const whole = [text, said].find(parses);
  if (whole !== undefined) return whole;
  const longest = longestJson(said);
  // A value with a fence in it does not stand within one.
  if (longest?.includes('```')) return longest;
  const fenced = [...said.matchAll(/```[\w-]*[^\S\n]*\n([\s\S]*?)\n?[^\S\n]*```/g)].map(([, inner]) => inner!);
  const mended = [said, ...fenced].map(wholeJson).find((json) => json !== undefined);
  return mended ?? longest ?? text;
}

/** Returns the text as JSON when it is a value, small slips aside; undefined otherwise. */
export function wholeJson(text: string): string | undefined {
  if (parses(text)) return text;
  const found = readLenientJson(text);
  if (typeof found === 'string' || !/^[\s;]*$/.test(text.slice(found.end))) return undefined;
  return JSON.stringify(found.value);
}

/** Returns the longest object or array in the text; undefined when one of them was cut off. */
function longestJson(text: string): string | undefined {
  let longest: string | undefined;
  const places = /[{[]/g;
  for (let n = 0; n < MOST_PLACES; n += 1) {
    const place = places.exec(text);
    if (!place) break;
    const found = readLenientJson(text, place.index);
    if (found === 'cut off') return undefined;
    if (found === 'broken') continue;
    places.lastIndex = found.end;
    const source = text.slice(place.index, found.end);
    // As it was written where that is JSON: numbers keep their digits.
    if (source.length > (longest?.length ?? 0)) longest = parses(source) ? source : JSON.stringify(found.value);
  }
  return longest;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a schema keeps to the subset that OpenAI's strict mode demands: closed objects whose properties are all
 * required.
 */
export function isStrictSchema(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return true;
  if (Array.isArray(schema)) return schema.every((part) => isStrictSchema(part));
  const { type, properties, required, additionalProperties } = schema as Schema;
  if (type === 'object' || properties !== undefined) {
    const names = Object.keys(properties ?? {});
    if (additionalProperties !== false || names.some((name) => !required?.includes(name))) return false;
  }
  return Object.entries(schema).every(([key, value]) =>
    key === 'properties' || key === '$defs' || key === 'definitions'
      ? Object.values(value as object).every((part) => isStrictSchema(part))
      : isStrictSchema(value),
  );
}
