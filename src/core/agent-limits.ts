// What an author says of how long an agent may go on, and how much its model is told.

import { type Duration, toMilliseconds } from './duration.ts';
import { InvalidInput } from './errors.ts';

/** Where an agent is stopped that does not end by itself. */
export interface AgentLimits {
  /** How often the model is asked; 50 by default. */
  turns?: number;
  /** How many tool calls it may make, refused ones included; 200 by default. */
  toolCalls?: number;
  /** Tokens, in and out, of all its model calls: no further call is made once they are spent. */
  tokens?: number;
  /** From the beginning of the loop on, waits included: no model call begins later. */
  wall?: Duration;
  /** How many agents may stand above one another, where they are one another's tools: 5 by default, 1 for an agent that starts none. */
  depth?: number;
}

/** How much of a long conversation the model is told. */
export interface AgentContext {
  /** Tokens: beyond that, results of tools are shortened, and what is older is summarised by the model. Less than its window has. */
  tokens: number;
}

/** The limits as numbers. */
export interface Ceilings {
  turns: number;
  toolCalls: number;
  tokens: number;
  wallMs: number;
  depth: number;
}

const DEFAULT_TURNS = 50;
const DEFAULT_TOOL_CALLS = 200;
const DEFAULT_DEPTH = 5;

/** Returns the ceilings that `limits` stand for. @throws InvalidInput `invalid_limit`, naming the limit that is not positive */
export function ceilingsOf(limits: AgentLimits = {}): Ceilings {
  const {
    turns = DEFAULT_TURNS,
    toolCalls = DEFAULT_TOOL_CALLS,
    tokens = Infinity,
    wall,
    depth = DEFAULT_DEPTH,
  } = limits;
  const ceilings = { turns, toolCalls, tokens, wallMs: wall === undefined ? Infinity : toMilliseconds(wall), depth };
  for (const [name, value] of Object.entries(ceilings)) {
    if (value > 0) continue;
    throw new InvalidInput('invalid_limit', `The limit '${name}' of an agent is ${value}: it must be more than 0.`);
  }
  return ceilings;
}

/** Returns the tokens of `context`; no end of them without one. @throws InvalidInput `invalid_limit` */
export function budgetOf({ tokens }: AgentContext = { tokens: Infinity }): number {
  if (tokens > 0) return tokens;
  throw new InvalidInput('invalid_limit', `The context of an agent is ${tokens} tokens: it must be more than 0.`);
}
