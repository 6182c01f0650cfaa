// The tools of an agent: what the model is told of them, and how their calls turn into outcomes.

import { jsonSchema, tool, type ToolSet } from 'ai';
import { z } from 'zod';
import type { Outcome, Problem, ToolCall } from '../core/decide.ts';
import { HoldfastError, type InvalidInput, TerminalError } from '../core/errors.ts';
import { plainJson } from '../core/plain-json.ts';
import { isRecorded } from '../core/recorded-error.ts';
import { assertSerializable } from '../core/serializable.ts';
import { assertFits } from '../core/tool-result.ts';
import { inputIssues } from '../define/input.ts';
import type { ToolDescription } from '../define/standalone.ts';

/** A tool as an agent's loop sees it. */
export interface AgentTool {
  /** What the model calls it. */
  name: string;
  /** What it is for, in words for the model. */
  description: string;
  /** The schema of its one argument. */
  input: z.ZodType;
  /** What the model is told instead of `description` and `input`, where that has to be found out. */
  describe?: ((signal: AbortSignal) => Promise<ToolDescription>) | undefined;
  /** Whether a call is a run of its own, below the agent's. */
  isRun?: boolean;
  /**
   * Calls it with the arguments as the model gave them, which fitted `input` when they were checked. The call is durable by itself: its
   * outcome is recorded in steps of its own, and a failure is thrown as it is recorded, with code and message.
   */
  call(args: unknown): Promise<unknown>;
}

/** Arguments of more characters of JSON than this are neither recorded nor taken. */
const LONGEST_ARGUMENTS = 1_000_000;

/** Returns `schema` as the JSON Schema of what has to be written for it. */
export function jsonSchemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
}

/**
 * Returns the tools as the AI SDK takes them: schemas only. Neither does it call them, nor does it check arguments, which it would
 * replace by what the schema makes of them. Those that have to be asked about are left out.
 */
export function toolSchemas(tools: readonly AgentTool[]): ToolSet {
  const described = tools.filter(({ describe }) => !describe);
  return Object.fromEntries(
    described.map(({ name, description, input }) => [name, toldAs({ description, inputSchema: jsonSchemaOf(input) })]),
  );
}

/** Returns all tools as the AI SDK takes them, in their order. `schemas` are those that need not be asked about. */
export async function allToolSchemas(
  tools: readonly AgentTool[],
  schemas: ToolSet,
  signal: AbortSignal,
): Promise<ToolSet> {
  const all = tools.map(async ({ name, describe }) => [
    name,
    describe ? toldAs(await describe(signal)) : schemas[name]!,
  ]);
  return Object.fromEntries(await Promise.all(all)) as ToolSet;
}

function toldAs({ description, inputSchema }: ToolDescription): ToolSet[string] {
  return tool({ description, inputSchema: jsonSchema(inputSchema) });
}

/** Returns what is wrong with `call` before it is made. `isJson` says whether its arguments could be read at all. */
export async function problemOf(
  tools: readonly AgentTool[],
  call: ToolCall,
  isJson: boolean,
): Promise<Problem | undefined> {
  const unrecordable = recordingProblem(call.args);
  if (unrecordable) return unrecordable;
  const called = tools.find(({ name }) => name === call.name);
  if (!called) return { kind: 'no_such_tool', known: tools.map(({ name }) => name) };
  if (!isJson) return { kind: 'not_json' };
  try {
    const parsed = await called.input.safeParseAsync(call.args);
    return parsed.success ? undefined : { kind: 'does_not_fit', issues: parsed.error.issues.flatMap(inputIssues) };
  } catch (error) {
    // A refinement or transformation threw, for instance `new URL(text)`: it refuses these arguments.
    return { kind: 'does_not_fit', issues: [{ pointer: '', detail: (error as Error).message }] };
  }
}

/** Tells whether the arguments of a call with this problem are left out of what is recorded. */
export function isLeftOut(problem: Problem | undefined): boolean {
  return problem?.kind === 'too_large' || problem?.kind === 'not_recordable';
}

/** Depth and keys are looked at first: what is nested too deep cannot even be written as JSON. */
function recordingProblem(args: unknown): Problem | undefined {
  try {
    assertSerializable(args, 'A tool call');
  } catch (error) {
    const { path, kind } = (error as InvalidInput).details as { path: string; kind: string };
    return { kind: 'not_recordable', issues: [{ pointer: path, detail: `is ${kind}` }] };
  }
  const characters = JSON.stringify(args)?.length ?? 0;
  return characters > LONGEST_ARGUMENTS ? { kind: 'too_large', characters, most: LONGEST_ARGUMENTS } : undefined;
}

/**
 * Makes the call and returns its outcome. What is not the tool's own failure is thrown: a run that was cancelled, that somebody else
 * owns, or whose history cannot be written; and so is a call of which nobody knows whether it was done.
 */
export async function outcomeOf(tools: readonly AgentTool[], { name, args }: ToolCall): Promise<Outcome> {
  const called = tools.find((one) => one.name === name);
  if (!called)
    return { status: 'failed', code: 'unknown_tool', message: `The tool '${name}' does not exist any more.` };
  try {
    const value = await called.call(args);
    return { status: 'done', value: plainJson(called.isRun ? assertFits(name, value) : value) };
  } catch (error) {
    if (!isOwnFailure(error)) throw error;
    const { code, message } = error as HoldfastError;
    // A model that took it for a failure would do it again, under another key. The run fails instead, and is unwound.
    if (code === 'effect_unknown' && !called.isRun) throw error;
    return { status: 'failed', code, message };
  }
}

/** Ways in which a child run ends without a result or an error of its own, and how one is not even begun. */
const ENDS_OF_CHILDREN = new Set(['run_cancelled', 'run_dead', 'invalid_input']);

function isOwnFailure(error: unknown): boolean {
  if (isRecorded(error) || error instanceof TerminalError) return true;
  return error instanceof HoldfastError && ENDS_OF_CHILDREN.has(error.code);
}
