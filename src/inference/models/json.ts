// JSON by words: the instruction that asks for it, and finding it in what a model wrote.

import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { Schema } from '../local/fill/schema.ts';

/** The prompt with a system message at its start that asks for nothing but JSON of this schema. */
export function withJsonInstruction(prompt: LanguageModelV4Prompt, schema: unknown): LanguageModelV4Prompt {
  const shape = schema === undefined ? '' : ` The value has to match this JSON schema:\n${JSON.stringify(schema)}`;
  const instruction = `Answer with one JSON value and nothing else, without code fences.${shape}`;
  const first = prompt[0];
  if (first?.role === 'system')
    return [{ ...first, content: `${first.content}\n\n${instruction}` }, ...prompt.slice(1)];
  return [{ role: 'system', content: instruction }, ...prompt];
}

/**
 * The JSON value inside a model's text: after its thoughts, within code fences, or from the first to the last bracket.
 * The text itself when none parses.
 */
export function jsonIn(text: string): string {
  const thought = text.replace(/^\s*<think(?:ing)?>[\s\S]*?<\/think(?:ing)?>/i, '').trim();
  const fenced = /```(?:json)?\s*\n([\s\S]*?)\n?\s*```/i.exec(thought)?.[1];
  const start = thought.search(/[{[]/);
  const end = Math.max(thought.lastIndexOf('}'), thought.lastIndexOf(']'));
  const candidates = [text, thought, fenced, start >= 0 && end > start ? thought.slice(start, end + 1) : undefined];
  return candidates.find((candidate) => candidate !== undefined && parses(candidate)) ?? text;
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
