// One question to the model, as one step: what it decided is recorded before anything is done about it, and it is not asked again.

import { generateText, isStepCount, type LanguageModelUsage, type ModelMessage, type ToolSet } from 'ai';
import type { AnswerCache } from '../core/answer-cache.ts';
import { type Problem, type Progress, refusals, type ToolCall } from '../core/decide.ts';
import type { AskedModel, Fingerprint, RecordedFingerprint } from '../core/fingerprint.ts';
import type { ModelParameters } from '../core/model-parameters.ts';
import { saidIn } from '../core/tokens.ts';
import { answeringOf } from '../inference/routing/class-model.ts';
import { classifyModelError } from '../inference/errors/errors.ts';
import { agentModel, stepContext, stepTokens } from '../steps/context.ts';
import { runStep, type StepRunner } from '../steps/step.ts';
import type { DriftWatch } from './drift.ts';
import { callParts, callsIn, userMessage } from './messages.ts';
import { answeringWith } from './output.ts';
import type { ToldPrompt } from './told-prompt.ts';
import { type AgentTool, allToolSchemas, isLeftOut, problemOf } from './tools.ts';

/** A message that was left for the agent while it runs. */
export interface SteeringMessage {
  id: string;
  body: unknown;
}

/** Returns the messages that were left for a run, the oldest first, without those whose ids are in `seen`. It takes none away. */
export type Steering = (runId: string, seen: readonly string[]) => Promise<SteeringMessage[]>;

/** Returns how many agents a run was started by, directly or not. */
export type AgentsAbove = (runId: string) => Promise<number>;

/** What stays the same over all turns of an agent. */
export interface Agent {
  name: string;
  model: string;
  instructions: string;
  tools: readonly AgentTool[];
  /** Of those tools that need not be asked about. */
  toolSchemas: ToolSet;
  steering: Steering | undefined;
  /** How many agents may stand above one another. */
  depth: number;
  agentsAbove: AgentsAbove | undefined;
  parameters: ModelParameters | undefined;
  cache: AnswerCache | undefined;
  /** Whether those who follow the run hear what the model says while it says it. */
  stream: boolean;
  /** What it asks with; without it, turns are not looked at when they come back. */
  fingerprint: Fingerprint | undefined;
  drift: DriftWatch | undefined;
}

/** What the model is asked. */
export interface Question {
  /** The conversation so far. */
  transcript: readonly ModelMessage[];
  /** Another one when more than the end of the transcript is new since the question before this one. */
  revision: number;
  /** What the model was told with the question before this one. */
  told: ToldPrompt;
  /** Messages that follow it, and that the model has not seen. */
  fresh: readonly ModelMessage[];
  /** Ids of the steering messages that it has seen. */
  steered: readonly string[];
  /** JSON Schema of the answer, when nothing but a final answer is expected. */
  answer: Record<string, unknown> | undefined;
  done: Progress;
}

/** What is recorded of a turn: only what is new with it, so that each message is recorded once. */
export interface Turn {
  /** The messages that the model had not seen before, apart from results of tools, which their own steps record. */
  asked: ModelMessage[];
  /** Its answer. */
  messages: ModelMessage[];
  /** Its tool calls that are not made, by their place among its calls. */
  refused: { call: number; code: string; message: string }[];
  /** Ids of the steering messages among `asked`. */
  steered: string[];
  finishReason: string;
  usage: Usage;
  /** The name by which the model calls itself. */
  model: string;
  /** The endpoint that answered. */
  endpoint?: string;
  /** Whether it had answered the same before, and was not asked again. */
  isCached?: boolean;
  /** Hashes of what it was asked with, and the number of the step. */
  fingerprint?: RecordedFingerprint;
  stepId?: number;
  /** Which of the attempts that followers heard has said this; where none did, one that nobody heard. Only of agents that stream. */
  stream?: string;
}

/** Numbers of tokens. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  /** Those of the input that the provider had kept. */
  cachedInputTokens: number;
}

/** How a model is called in a step. */
export const MODEL_CALL = {
  retries: { attempts: 6, within: '15m', backoff: { initial: '500ms', max: '30s' } },
  timeout: '10m',
};

/** Asks the model as the next step of the calling workflow, or returns what is recorded of it. */
export async function askModel(runner: StepRunner, agent: Agent, question: Question): Promise<Turn> {
  let isAsked = false;
  const body = (): Promise<Turn> => {
    isAsked = true;
    return ask(agent, question);
  };
  const turn = (await runStep(runner, { name: 'model', options: MODEL_CALL, body })) as Turn;
  if (!isAsked) await agent.drift?.replayed(turn);
  return turn;
}

async function ask(
  agent: Agent,
  { transcript, revision, told, fresh, steered, answer, done }: Question,
): Promise<Turn> {
  const { runId, stepId, signal } = stepContext();
  const left = runId === undefined ? [] : ((await agent.steering?.(runId, steered)) ?? []);
  const asked = [...fresh, ...left.map(({ body }) => userMessage(body))];
  const use = { stream: agent.stream, ...(agent.cache && { cache: agent.cache }) };
  const asking = agentModel(agent.model, use, agent.fingerprint);
  const { response, toolCalls, finishReason, usage, providerMetadata } = await generateText({
    ...told.asking(answer ? answeringWith(asking, answer) : asking, transcript, asked, revision),
    instructions: agent.instructions,
    tools: await allToolSchemas(agent.tools, agent.toolSchemas, signal),
    ...agent.parameters,
    stopWhen: isStepCount(1),
    maxRetries: 0,
    abortSignal: signal,
  }).catch((error: unknown) => {
    throw classifyModelError(error);
  });
  const unread = toolCalls.filter((call) => call.invalid && typeof call.input === 'string');
  // What the AI SDK itself has to tell the model about calls that it cannot read, we tell it.
  const own = response.messages.filter(({ role }) => role === 'assistant');
  const refused = await refuseCalls(agent, done, own, new Set(unread.map(({ toolCallId }) => toolCallId)));
  return {
    asked,
    messages: JSON.parse(JSON.stringify(own)) as ModelMessage[],
    refused,
    steered: left.map(({ id }) => id),
    finishReason,
    usage: usageOf(usage),
    model: response.modelId,
    ...endpointOf(providerMetadata),
    ...(stepId !== undefined && { stepId }),
    ...(agent.stream && { stream: stepTokens()?.recordedAs(saidIn(own)) }),
    ...(agent.fingerprint && {
      fingerprint: { ...agent.fingerprint, model: askedModel(agent.model, asking.modelId, providerMetadata) },
    }),
  };
}

/** Returns the model of the class `asked` that gave an answer with these metadata, and that its endpoint calls `id`. */
function askedModel(asked: string, id: string, metadata: Parameters<typeof answeringOf>[0]): AskedModel {
  const answeredBy = answeringOf(metadata)?.by;
  return { class: asked, id, ...(answeredBy !== undefined && { answeredBy }) };
}

/** Returns the endpoint that gave an answer with these metadata, as it is recorded: not at all where no class was asked. */
export function endpointOf(metadata: Parameters<typeof answeringOf>[0]): Pick<Turn, 'endpoint' | 'isCached'> {
  const answering = answeringOf(metadata);
  if (!answering) return {};
  return { endpoint: answering.endpoint, ...(answering.choice['cache'] === 'hit' && { isCached: true }) };
}

/** Returns `usage` as it is recorded. */
export function usageOf({ inputTokens, outputTokens, inputTokenDetails }: LanguageModelUsage): Usage {
  return {
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    cachedInputTokens: inputTokenDetails.cacheReadTokens ?? 0,
  };
}

/** Checks the calls in `messages`, and returns those that are refused. Arguments that must not be recorded are taken out. */
async function refuseCalls(
  agent: Agent,
  done: Progress,
  messages: readonly ModelMessage[],
  unread: ReadonlySet<string>,
): Promise<Turn['refused']> {
  const calls = callsIn(messages);
  const found = await Promise.all(calls.map((call) => problemOf(agent.tools, call, !unread.has(call.id))));
  const startsRun = ({ name }: ToolCall): boolean => agent.tools.some((tool) => tool.name === name && tool.isRun);
  const tooDeep = calls.some(startsRun) ? await depthProblem(agent) : undefined;
  const problems = found.map((problem, index) => problem ?? (startsRun(calls[index]!) ? tooDeep : undefined));
  for (const [index, part] of callParts(messages).entries()) {
    if (isLeftOut(problems[index])) part.input = {};
  }
  return refusals(done, calls, problems).flatMap((refusal, call) =>
    refusal ? [{ call, code: refusal.code, message: refusal.message }] : [],
  );
}

/** An agent that is its own tool could go on for ever. */
async function depthProblem({ depth, agentsAbove }: Agent): Promise<Problem | undefined> {
  const { runId } = stepContext();
  const above = runId === undefined ? 0 : ((await agentsAbove?.(runId)) ?? 0);
  return above + 1 >= depth ? { kind: 'too_deep', most: depth } : undefined;
}
