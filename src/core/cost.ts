// What a call of a model costs, exactly: prices are decimal numbers, and so are costs.

import type { Price } from './price.ts';
import type { CallUsage, TokenEstimate } from './token-usage.ts';

/** A price a million tokens is reckoned in trillionths of a dollar, so a token's is a whole number of this part of a dollar. */
const DECIMALS = 18;
const PRICE_DECIMALS = 12;

/**
 * Returns what `usage` costs, in US dollars as a decimal number; null where there is no price. What the provider counts apart is part of
 * the input or the output, and is not counted twice.
 */
export function costOf(usage: CallUsage, price: Price | undefined): string | null {
  if (!price) return null;
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens } = usage;
  const { input, cachedInput = input, cacheWrite = input, output, reasoning = output } = price;
  return decimal(
    part(Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens), input) +
      part(cachedInputTokens, cachedInput) +
      part(cacheWriteTokens, cacheWrite) +
      part(Math.max(0, outputTokens - reasoningTokens), output) +
      part(reasoningTokens, reasoning),
  );
}

/** Returns what a call costs at most that uses what `estimate` says, in US dollars as a decimal number; null where there is no price. */
export function mostCostOf({ inputTokens, outputTokens }: TokenEstimate, price: Price | undefined): string | null {
  if (!price) return null;
  const { input, cachedInput = input, cacheWrite = input, output, reasoning = output } = price;
  return decimal(
    part(inputTokens, Math.max(input, cachedInput, cacheWrite)) + part(outputTokens, Math.max(output, reasoning)),
  );
}

/** Returns what `tokens` cost at `dollars` a million of them. */
function part(tokens: number, dollars: number): bigint {
  return BigInt(Math.trunc(tokens)) * BigInt(dollars.toFixed(PRICE_DECIMALS).replace('.', ''));
}

function decimal(units: bigint): string {
  const digits = units.toString().padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  return digits.slice(0, -DECIMALS) + (fraction === '' ? '' : `.${fraction}`);
}
