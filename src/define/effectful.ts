// A tool of the AI SDK with what it does not say: what calls of it do to the world.

import { asSchema, type FlexibleSchema, type ToolExecutionOptions } from 'ai';
import { z } from 'zod';
import { InvalidInput } from '../core/errors.ts';
import { standaloneTool, type ToolDescription } from './standalone.ts';
import type { ToolContext, ToolOptions } from './tool.ts';

/** `T` without what the AI SDK's tool says itself, for each kind of effect. */
type Undescribed<T> = T extends unknown ? Omit<T, 'name' | 'input' | 'description'> : never;

/** What `effectful` adds: the same as `@tool` takes, and the tool's name. */
export type EffectfulOptions<Args = unknown, Result = never> = Undescribed<ToolOptions<z.ZodType<Args>, Result>> & {
  /** What models call it, and its name in timelines and histories: letters, digits, `-` and `_`. Renaming it strands running work. */
  name: string;
  /** What it is for, in the words that the model reads; by default those of the AI SDK's tool. */
  description?: string;
};

/** What is taken of the AI SDK's tools. */
interface AiTool<Args, Result> {
  description?: string | ((...options: never[]) => string) | undefined;
  inputSchema: FlexibleSchema<Args>;
  execute?: (args: Args, options: ToolExecutionOptions<never>) => AsyncIterable<Result> | PromiseLike<Result> | Result;
  needsApproval?: unknown;
  contextSchema?: unknown;
}

/**
 * Returns a tool for agents and `callTool` that does what `execute` of an AI SDK `tool({ … })` does, each call as one step. As its
 * `context` it gets the call's surroundings, a `ToolContext`; as its `toolCallId` the idempotency key; no messages. Of several values
 * that it yields the last one is the result.
 * @throws InvalidInput `invalid_tool` for a tool that cannot be used: without `execute`, with a schema of another library than zod 4,
 * or with conditions of its own, which would not be kept (`needsApproval`, `contextSchema`)
 */
export function effectful<Args, Result>(
  aiTool: AiTool<Args, Result>,
  options: EffectfulOptions<Args, Result>,
): (args: Args, context: ToolContext) => Promise<Result> {
  const { name, ...effect } = options;
  const { execute } = aiTool;
  const problem = problemOf(aiTool, { description: options.description, isApproved: 'approval' in options });
  if (problem || !execute) throw unusable(name, problem ?? '');
  const { input, schema } = inputOf(name, aiTool.inputSchema);
  const description = options.description ?? (aiTool.description as string);
  const describe = async (): Promise<ToolDescription> => ({ description, inputSchema: schema! });
  const tool = { ...effect, description, input } as unknown as ToolOptions;
  return standaloneTool(
    { name, knownAs: name, options: tool, ...(schema && { describe }) },
    async (args: Args, context: ToolContext) => {
      const settings = { toolCallId: context.idempotencyKey, messages: [], context: context as never };
      return lastOf(execute(args, { ...settings, abortSignal: context.signal }));
    },
  );
}

type Conditions = Omit<AiTool<never, unknown>, 'inputSchema'>;

function problemOf(
  aiTool: Conditions,
  given: { description: string | undefined; isApproved: boolean },
): string | undefined {
  if (typeof aiTool.execute !== 'function') return 'it has no execute, so that nobody could call it';
  if (aiTool.needsApproval !== undefined && !given.isApproved) {
    return 'needsApproval is not looked at: say in approval who has to agree';
  }
  if (aiTool.contextSchema !== undefined)
    return 'it has a contextSchema, but its context is the ToolContext of the call';
  if (typeof aiTool.description === 'function' && given.description === undefined) {
    return 'its description is a function: give it a text';
  }
  return undefined;
}

/** Returns the schema that arguments are checked with and, where the model is told another one, that. */
function inputOf(name: string, given: unknown): { input: z.ZodType; schema?: Record<string, unknown> } {
  if (given instanceof z.ZodType) return { input: given };
  if (typeof given === 'object' && given !== null && '~standard' in given) throw unusable(name, UNKNOWN_SCHEMA);
  const { jsonSchema, validate } = asSchema(given as FlexibleSchema<unknown>);
  if ('then' in jsonSchema || validate) throw unusable(name, UNKNOWN_SCHEMA);
  try {
    return { input: z.fromJSONSchema(jsonSchema as never), schema: jsonSchema as Record<string, unknown> };
  } catch (error) {
    throw unusable(name, `arguments cannot be checked with its inputSchema: ${(error as Error).message}`);
  }
}

const UNKNOWN_SCHEMA = 'inputSchema must be a zod 4 schema, or jsonSchema({ … }) without validate';

async function lastOf<T>(given: AsyncIterable<T> | PromiseLike<T> | T): Promise<T> {
  if (typeof given !== 'object' || given === null || !(Symbol.asyncIterator in given)) return given;
  let last: T | undefined;
  for await (const value of given) last = value;
  return last as T;
}

function unusable(name: string, problem: string): InvalidInput {
  return new InvalidInput('invalid_tool', `effectful() cannot use the tool '${name}': ${problem}.`);
}
