// An agent's loop: ask the model, record what it decided, call its tools, tell it their results, until it has an answer or meets a limit.

import type { ModelMessage } from 'ai';
import type { z } from 'zod';
import type { AnswerCache } from '../core/answer-cache.ts';
import { type AgentContext, type AgentLimits, budgetOf, type Ceilings, ceilingsOf } from '../core/agent-limits.ts';
import {
  afterAnswer,
  afterCalls,
  afterMisfit,
  type Answer,
  BEGINNING,
  type Failure,
  limitReached,
  type Outcome,
  type Progress,
  type ToolCall,
  withAnswer,
  withTokens,
} from '../core/decide.ts';
import { TerminalError } from '../core/errors.ts';
import type { Fingerprint } from '../core/fingerprint.ts';
import type { ModelParameters } from '../core/model-parameters.ts';
import { now, parallel } from '../engine/verbs.ts';
import type { StepRunner } from '../steps/step.ts';
import { Conversation, summariseMessages, type Summary } from './conversation.ts';
import type { DriftWatch } from './drift.ts';
import { callsIn, openingMessages, textIn, toolMessage, userMessage } from './messages.ts';
import { readOutput, withOutputSchema } from './output.ts';
import { ToldPrompt } from './told-prompt.ts';
import { type AgentTool, jsonSchemaOf, outcomeOf, toolSchemas } from './tools.ts';
import { type Agent, type AgentsAbove, askModel, type Steering, type Turn } from './turn.ts';

/** What an agent is. */
export interface AgentSettings {
  /** For messages to people. */
  name: string;
  /** The class of model that is asked, such as `reasoning`. */
  model: string;
  /** The system prompt. */
  instructions: string;
  tools: readonly AgentTool[];
  /** The schema of the result; without one the result is the model's last text. */
  output?: z.ZodType | undefined;
  limits?: AgentLimits | undefined;
  /** How much of the conversation the model is told; all of it without this. */
  context?: AgentContext | undefined;
  /** Where messages for the running agent are found; without it nobody can steer. */
  steering?: Steering | undefined;
  /** Told when a tool is a run of its own; without it there is no limit of depth. */
  agentsAbove?: AgentsAbove | undefined;
  parameters?: ModelParameters | undefined;
  cache?: AnswerCache | undefined;
  /** Whether those who follow the run hear what the model says while it says it. */
  stream?: boolean | undefined;
  /** What the model is asked with, to be recorded; and what looks at turns that come back. */
  fingerprint?: Fingerprint | undefined;
  drift?: DriftWatch | undefined;
}

/**
 * Runs an agent in the body of a workflow, and returns its result: the output as its schema understands it, or the final text. Each
 * model call is one step, and so is each tool call; a replay asks and does nothing again.
 * @throws TerminalError `agent_turn_limit`, `agent_tool_call_limit`, `agent_token_limit`, `agent_wall_limit`, `agent_loop_detected`,
 * `agent_output_invalid`, `agent_answer_incomplete`; InvalidInput `invalid_limit`
 */
export async function runAgent(
  runner: StepRunner,
  settings: AgentSettings,
  opening: string | ModelMessage[],
): Promise<unknown> {
  const run = new AgentRun(runner, settings);
  await run.begin();
  for (let fresh = openingMessages(opening); ;) {
    const answer = await run.ask(fresh);
    fresh = [];
    if (answer.calls.length > 0) {
      await run.callTools(answer.calls);
      continue;
    }
    const ending = await run.finish(answer);
    if (!('repair' in ending)) return ending.result;
    fresh = [userMessage(ending.repair)];
  }
}

/** An agent between its opening and its result. All that it knows comes from recorded steps, so that a replay rebuilds it. */
class AgentRun {
  readonly #runner: StepRunner;
  readonly #agent: Agent;
  readonly #ceilings: Ceilings;
  readonly #output: { schema: z.ZodType; json: Record<string, unknown> } | undefined;
  readonly #conversation: Conversation;
  readonly #told = new ToldPrompt();
  readonly #steered: string[] = [];
  #done: Progress = BEGINNING;
  #refused: Turn['refused'] = [];
  #beganAt = 0;

  constructor(runner: StepRunner, settings: AgentSettings) {
    const {
      name,
      model,
      instructions,
      tools,
      output,
      steering,
      agentsAbove,
      parameters,
      cache,
      stream,
      fingerprint,
      drift,
    } = settings;
    this.#runner = runner;
    this.#ceilings = ceilingsOf(settings.limits);
    this.#conversation = new Conversation(budgetOf(settings.context));
    this.#output = output && { schema: output, json: jsonSchemaOf(output) };
    this.#agent = {
      name,
      model,
      instructions: this.#output ? withOutputSchema(instructions, this.#output.json) : instructions,
      tools,
      toolSchemas: toolSchemas(tools),
      steering,
      depth: this.#ceilings.depth,
      agentsAbove,
      parameters,
      cache,
      stream: stream === true,
      fingerprint,
      drift,
    };
  }

  /** Times are recorded only where a limit asks for them. */
  async begin(): Promise<void> {
    if (this.#isTimed) this.#beganAt = await now();
  }

  get #isTimed(): boolean {
    return Number.isFinite(this.#ceilings.wallMs);
  }

  /** Asks the model with `fresh` after all that was said, and returns its answer. */
  async ask(fresh: ModelMessage[]): Promise<Answer> {
    const elapsed = this.#isTimed ? (await now()) - this.#beganAt : 0;
    this.#endIf(limitReached(this.#done, this.#ceilings, elapsed));
    const transcript = await this.#conversation.told(fresh, (messages, to) => this.#summarise(messages, to));
    this.#endIf(limitReached(this.#done, this.#ceilings, elapsed));
    const turn = await askModel(this.#runner, this.#agent, {
      transcript,
      revision: this.#conversation.revision,
      told: this.#told,
      fresh,
      steered: this.#steered,
      answer: this.#wantsJson ? this.#output?.json : undefined,
      done: this.#done,
    });
    this.#conversation.answered(turn);
    this.#steered.push(...turn.steered);
    this.#refused = turn.refused;
    const answer = answerOf(turn);
    this.#done = withAnswer(this.#done, answer);
    const next = afterAnswer(this.#done, answer, this.#ceilings, this.#output !== undefined);
    if (next.act === 'fail') this.#endIf(next.failure);
    return answer;
  }

  /** What that costs counts as any question to the model does. */
  async #summarise(messages: ModelMessage[], to: number): Promise<Summary> {
    const summary = await summariseMessages(this.#runner, this.#agent, messages, {
      to,
      budget: this.#conversation.budget,
    });
    const { inputTokens, outputTokens } = summary.usage;
    this.#done = withTokens(this.#done, inputTokens + outputTokens);
    return summary;
  }

  /**
   * Many endpoints that are asked for JSON of a schema can no longer call tools: where there are any, the format is asked for in words,
   * and enforced only once the words were not enough.
   */
  get #wantsJson(): boolean {
    return this.#agent.tools.length === 0 || this.#done.repairs > 0;
  }

  /** Calls the tools at the same time, but for refused calls, and tells the model what became of them. */
  async callTools(calls: readonly ToolCall[]): Promise<void> {
    const refusals = new Map(this.#refused.map(({ call, code, message }) => [call, { code, message }]));
    const outcomes = await parallel(calls, async (call, index): Promise<Outcome> => {
      const refusal = refusals.get(index);
      return refusal ? { status: 'refused', ...refusal } : outcomeOf(this.#agent.tools, call);
    });
    this.#conversation.add(toolMessage(calls, outcomes));
    const { done, loop } = afterCalls(this.#done, calls, outcomes);
    this.#done = done;
    this.#endIf(loop);
  }

  /** Returns the result that the final answer is, or what to tell the model about it. */
  async finish({ text }: Answer): Promise<{ result: unknown } | { repair: string }> {
    if (!this.#output) return { result: text };
    const found = await readOutput(this.#output.schema, text);
    if (found.fits) return { result: found.value };
    const next = afterMisfit(this.#done, found.issues);
    if (next.act === 'fail') throw this.#failed(next.failure);
    this.#done = next.done;
    return { repair: next.message };
  }

  #endIf(failure: Failure | undefined): void {
    if (failure) throw this.#failed(failure);
  }

  #failed({ code, message, details }: Failure): TerminalError {
    return new TerminalError(code, `The agent '${this.#agent.name}' ${message}`, details);
  }
}

function answerOf({ messages, finishReason, usage }: Turn): Answer {
  return {
    calls: callsIn(messages),
    text: textIn(messages),
    finishReason,
    tokens: usage.inputTokens + usage.outputTokens,
  };
}
