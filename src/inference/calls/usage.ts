// What a call has used, from what its provider says of it, or from the lengths of texts where that is missing.

import type { LanguageModelV4Content, LanguageModelV4Usage } from '@ai-sdk/provider';
import type { CallUsage } from '../../core/token-usage.ts';
import { MOST_TOKENS, tokensOf } from './prompt.ts';

/** What is known without the provider. */
export interface Lengths {
  inputTokens: number;
  /** Estimated from the answer. */
  outputTokens: number;
}

/** Returns the usage of a call. A provider that says nothing, or nothing that can be, is replaced by what the lengths of texts say. */
export function callUsage(usage: LanguageModelV4Usage | undefined, lengths: Lengths): CallUsage {
  const { inputTokens: input, outputTokens: output } = usage ?? {};
  const cached = count(input?.cacheRead) ?? 0;
  const written = count(input?.cacheWrite) ?? 0;
  const parts = count(input?.noCache);
  // No prompt has no tokens: who says so has not counted.
  const told = count(input?.total) || (parts === undefined ? 0 : parts + cached + written);
  const said = count(output?.total) ?? count(output?.text);
  const isAnswered = said !== undefined && (said > 0 || lengths.outputTokens === 0);
  const inputTokens = Math.max(told || lengths.inputTokens, cached + written);
  const outputTokens = isAnswered ? said : lengths.outputTokens;
  return {
    inputTokens,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    outputTokens,
    reasoningTokens: Math.min(count(output?.reasoning) ?? 0, outputTokens),
    isEstimated: told === 0 || !isAnswered,
  };
}

function count(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value >= 0
    ? Math.min(Math.round(value), MOST_TOKENS)
    : undefined;
}

/** Returns about how many tokens an answer has. */
export function contentTokens(content: readonly LanguageModelV4Content[]): number {
  return content.reduce((sum, part) => {
    if (part.type === 'text' || part.type === 'reasoning') return sum + tokensOf(part.text);
    return part.type === 'tool-call' ? sum + tokensOf(part.toolName + part.input) : sum;
  }, 0);
}
