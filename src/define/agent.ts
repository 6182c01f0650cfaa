// An agent: a workflow whose next step is chosen by a model. Its method returns how the conversation opens.

import type { ModelMessage } from 'ai';
import { z } from 'zod';
import { type AgentContext, type AgentLimits, budgetOf, ceilingsOf } from '../core/agent-limits.ts';
import { type AnswerCache, cachingOf } from '../core/answer-cache.ts';
import { InvalidInput } from '../core/errors.ts';
import type { ModelParameters } from '../core/model-parameters.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';
import { StandaloneTool, type ToolDescription } from './standalone.ts';
import { type DurableMethod, Operation, operationOf, type WorkflowOptions } from './operation.ts';

export interface AgentOptions extends WorkflowOptions {
  /** The class of model that is asked, such as `reasoning`. */
  model: string;
  /** What it is and how it should act: the system prompt. */
  instructions: string;
  /**
   * Methods marked with `@tool`, `@agent` or `@workflow` of classes or instances that the app lists. The model knows them by the names
   * of the methods; a call of an agent or a workflow is a child run. Besides, tools that `effectful` or `mcpTools` made. With standard decorators a function that returns them, where they
   * stand in the agent's own class: that is not there yet.
   */
  tools?: readonly DurableMethod[] | (() => readonly DurableMethod[]);
  /** A zod schema of the result, which the model is told; without one the result is the model's last text. */
  output?: z.ZodType;
  limits?: AgentLimits;
  /** For conversations that become longer than the model takes; the model is told everything without it. */
  context?: AgentContext;
  /** Settings of the model. */
  parameters?: ModelParameters;
  /** Has questions that were asked before answered by the earlier answers; for agents with the temperature 0, or `sampled`. */
  cache?: AnswerCache;
  /** Whether those who follow a run of it hear what its model says while it says it; false by default, which costs nothing. */
  stream?: boolean;
  /** What you call this state of the agent, such as `4`; it is shown where its questions have changed. */
  version?: string;
  /**
   * What happens to a run whose turns were recorded when the agent asked its model otherwise (other instructions, tools, schema, model
   * or parameters): it goes on (`accept`), and the log says so (`warn`, the default); it is held for a person (`hold`); or its model is
   * asked again from there (`rerun`), unless something was done since, which holds the run.
   */
  drift?: DriftPolicy;
}

/** What can be done about drift. */
export type DriftPolicy = 'accept' | 'warn' | 'hold' | 'rerun';

const DRIFT_POLICIES: readonly unknown[] = ['accept', 'warn', 'hold', 'rerun'];

/** What a method marked with `@agent` returns: it stands for the agent's result, with which the run ends. */
export class Opening {
  readonly messages: string | ModelMessage[];

  constructor(messages: string | ModelMessage[]) {
    this.messages = messages;
  }
}

/**
 * Opens an agent's conversation with a text of the user, or with messages. To be returned by the agent's method, as if it were
 * the agent's result: that is the type of what callers of the method get.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it is inferred from what the method is declared to return
export function opening<Output>(messages: string | ModelMessage[]): Output {
  return new Opening(messages) as Output;
}

const RUNS_AS = 'workflow';

/** A marked agent. Whoever starts, lists or limits workflows takes it for one. */
export class AgentOperation extends Operation<'workflow'> {
  readonly agent: AgentOptions;

  constructor(options: AgentOptions, method: DurableMethod) {
    super(RUNS_AS, options, method);
    this.agent = options;
  }
}

/** Looks whether every agent's tools are there, and its limits are any. @throws InvalidInput `invalid_agent`, `invalid_limit` */
export function assertAgents(catalogue: Catalogue): void {
  for (const { name, operation } of catalogue.workflows) {
    if (!(operation instanceof AgentOperation)) continue;
    toolsOf(name, operation.agent, catalogue);
    ceilingsOf(operation.agent.limits);
    budgetOf(operation.agent.context);
    const { drift = 'warn', cache, parameters } = operation.agent;
    if (cache && !cachingOf(cache).sampled && parameters?.temperature !== 0)
      throw invalid(name, 'its cache needs parameters: { temperature: 0 }, or cache: { sampled: true }');
    if (!DRIFT_POLICIES.includes(drift))
      throw invalid(name, `drift has to be one of ${DRIFT_POLICIES.join(', ')}, not '${drift}'`);
  }
}

/** Returns what the agent lists as its tools. */
export function listedIn({ tools = [] }: AgentOptions): readonly DurableMethod[] {
  return typeof tools === 'function' ? tools() : tools;
}

/** A tool of an agent: what the model is told of it, and where it is. */
export interface NamedTool {
  name: string;
  description: string;
  /** The schema of its one argument. */
  input: z.ZodType;
  /** What the model is told instead, where that has to be found out. */
  describe?: ((signal: AbortSignal) => Promise<ToolDescription>) | undefined;
  entry: CatalogueEntry<'tool'> | CatalogueEntry<'workflow'>;
}

/** OpenAI, Anthropic and others accept these only. */
const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Returns the tools of the agent `name`, which is `agent`, among what its app consists of.
 * @throws InvalidInput `invalid_agent` for what is no tool of the app, for a child that the model could not be told of, and for names that
 * occur twice or that models do not accept
 */
export function toolsOf(name: string, agent: AgentOptions, { tools, workflows }: Catalogue): NamedTool[] {
  const named = listedIn(agent).map((method) => {
    // A method that stands below the agent in its class was not marked yet when it was listed.
    const isMeant = ({ operation }: CatalogueEntry): boolean =>
      operation === operationOf(method) || operation.method === method;
    const entries = [...tools.filter(isMeant), ...workflows.filter(isMeant)];
    if (entries.length !== 1) throw invalid(name, notOne(method.name, entries.length));
    return namedTool(name, entries[0]!);
  });
  for (const [index, tool] of named.entries()) {
    if (!TOOL_NAME.test(tool.name)) {
      throw invalid(
        name,
        `models do not accept '${tool.name}' as a tool's name: use up to 64 letters, digits, '-' and '_'`,
      );
    }
    if (named.findIndex((other) => other.name === tool.name) < index) {
      throw invalid(name, `it has two tools with the name '${tool.name}': rename one of the methods`);
    }
  }
  return named;
}

function namedTool(agent: string, entry: NamedTool['entry']): NamedTool {
  const name = toolName(entry);
  const { description, input } = entry.operation.options;
  if (entry.operation.kind === 'tool') {
    const describe = entry.operation instanceof StandaloneTool ? entry.operation.own.describe : undefined;
    return { name, description: description!, input: input!, describe, entry };
  }
  if (!description?.trim()) {
    throw invalid(agent, `'${name}' in its tools has no description, which tells the model what it is for`);
  }
  if (!input || !isJsonObject(input)) {
    throw invalid(
      agent,
      `'${name}' in its tools has no input that is a zod schema of a JSON object: the model has to write one`,
    );
  }
  return { name, description, input, entry };
}

function isJsonObject(input: z.ZodType): boolean {
  try {
    return z.toJSONSchema(input, { io: 'input' }).type === 'object';
  } catch {
    // It has something in it that JSON has not, such as a date.
    return false;
  }
}

/** What the tool is called inside of the agent: by the method's own name. */
function toolName({ name, operation }: CatalogueEntry): string {
  if (operation instanceof StandaloneTool) return operation.own.knownAs;
  return name.slice(name.lastIndexOf('.') + 1);
}

function notOne(method: string, found: number): string {
  return found === 0
    ? `'${method}' in its tools is no method marked with @tool, @agent or @workflow of a class that services lists`
    : `'${method}' in its tools belongs to ${found} instances of its class, and nothing tells which is meant`;
}

function invalid(name: string, problem: string): InvalidInput {
  return new InvalidInput('invalid_agent', `The agent '${name}' cannot be used: ${problem}.`);
}
