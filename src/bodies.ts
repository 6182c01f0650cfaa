// What the marked methods of an app do while it runs: the bodies of its workflows, and where calls of the others go.

import type { Knex } from 'knex';
import { acceptStarts } from './admission/start.ts';
import type { Submissions } from './admission/submit.ts';
import { DriftWatch } from './agent/drift.ts';
import { DriftNotes } from './agent/drift-notes.ts';
import { agentFingerprint, harmlessSteps } from './agent/fingerprint.ts';
import { runAgent } from './agent/loop.ts';
import type { AgentTool } from './agent/tools.ts';
import type { Steering } from './agent/turn.ts';
import { registrables } from './agent/registrables.ts';
import { undoersOf } from './agent/undoers.ts';
import { unwind, UNWIND } from './agent/unwind.ts';
import { AgentOperation, type NamedTool, Opening, toolsOf } from './define/agent.ts';
import type { Catalogue, CatalogueEntry } from './define/catalogue.ts';
import { workflowsAbove } from './engine/ancestors.ts';
import { StandaloneTool } from './define/standalone.ts';
import type { ToolOptions } from './define/tool.ts';
import type { Engine } from './engine/engine.ts';
import { messagesLeft } from './engine/steering.ts';
import type { EngineLog } from './engine/logger.ts';
import type { ModelSource } from './inference/registry/registry.ts';
import { Turnstile } from './lib/turnstile.ts';
import { withApprovals } from './steps/approve.ts';
import { runApprovedTool } from './steps/approved-tool.ts';
import { askForBudget } from './steps/budget-approval.ts';
import { acceptCompensations } from './steps/compensate-with.ts';
import type { ApprovalDesk, Noticing } from './steps/notice.ts';
import { runStep, type StepCall } from './steps/step.ts';
import type { TokenWriter } from './steps/token-writer.ts';
import type { Tool, ToolRunner } from './steps/tool.ts';
import { insertAttempt } from './store/attempts.ts';
import { InvalidInput, TerminalError } from './core/errors.ts';
import type { Fingerprint } from './core/fingerprint.ts';

/** Messages on this topic reach a running agent. */
const STEER_TOPIC = 'steer';

type Method = (...args: unknown[]) => Promise<unknown>;

/** What everything that an app's workflows call runs with. */
export type AppRunner = ToolRunner & Noticing & { drifts: DriftNotes };

/** A workflow as the engine takes it. */
export interface WorkflowBody {
  body: Method;
  maxRecoveries?: number | undefined;
}

/** Returns the tools of an app by their names in histories. @throws InvalidInput `invalid_tool` for a name that occurs twice */
export function namedTools({ tools }: Catalogue): Map<string, Tool> {
  const named = new Map<string, Tool>();
  for (const { name: own, operation, receiver } of tools) {
    const method = operation.method as Tool['method'];
    const name = operation.options.name ?? own;
    if (named.has(name))
      throw new InvalidInput('invalid_tool', `Two tools have the name '${name}': rename one of them.`);
    named.set(name, {
      name,
      options: operation.options,
      method: (args, context) => method.call(receiver, args, context),
      places: placesOf(operation.options),
    });
  }
  return named;
}

function placesOf(options: ToolOptions): Turnstile | undefined {
  const limit = 'concurrency' in options ? options.concurrency : undefined;
  return limit === undefined ? undefined : new Turnstile(limit);
}

/**
 * Returns the bodies of an app's workflows and agents, and of the workflow that unwinds. They are called once `runner` has one.
 * @throws InvalidInput `invalid_agent`
 */
export function workflowBodies(
  catalogue: Catalogue,
  tools: ReadonlyMap<string, Tool>,
  runner: () => AppRunner,
): Record<string, WorkflowBody> {
  const bodies = catalogue.workflows.map((entry): [string, WorkflowBody] => {
    const { name, operation, receiver } = entry;
    const own = (operation.method as Method).bind(receiver);
    const method: Method = (...args) => withApprovals(runner(), () => own(...args));
    const body = operation instanceof AgentOperation ? agentBody(entry, operation, method, catalogue, runner) : method;
    return [name, { body, maxRecoveries: operation.options.maxRecoveries }];
  });
  const methods = registrables(catalogue, () => runner().models);
  const unwinding: WorkflowBody = {
    body: (runId) => unwind(runner(), undoersOf(runner().db, tools, methods), runId as string),
  };
  return { ...Object.fromEntries(bodies), [UNWIND]: unwinding };
}

function agentBody(
  { name }: CatalogueEntry,
  { agent }: AgentOperation,
  method: Method,
  catalogue: Catalogue,
  runner: () => AppRunner,
): Method {
  const named = toolsOf(name, agent, catalogue);
  const tools = named.map(({ entry, ...known }): AgentTool => {
    const { operation, receiver } = entry;
    const call = (args: unknown): Promise<unknown> => operation.route(receiver).invoke([args]);
    return { ...known, call, isRun: operation.kind === 'workflow' };
  });
  const { model, instructions, output, limits, context, parameters, cache, stream } = agent;
  const settings = { name, model, instructions, tools, output, limits, context, parameters, cache, stream };
  const driftOf = driftWatches(name, agent, named, runner);
  const steering: Steering = (runId, seen) => messagesLeft(runner().db, runId, STEER_TOPIC, seen);
  const agents = new Set(catalogue.workflows.filter(isAgent).map((entry) => entry.name));
  const agentsAbove = async (runId: string): Promise<number> =>
    (await workflowsAbove(runner().db, runId)).filter((above) => agents.has(above)).length;
  return async (...args) => {
    const opened = await method(...args);
    if (opened instanceof Opening)
      return runAgent(runner(), { ...settings, ...driftOf(), steering, agentsAbove }, opened.messages);
    throw new TerminalError(
      'agent_not_opened',
      `The method of the agent '${name}' returned no opening: it has to return opening('…') with what the agent is to do.`,
    );
  };
}

/** Returns what makes for each run of an agent the hashes of what it asks with, which stay the same, and what looks for others. */
function driftWatches(
  agent: string,
  options: AgentOperation['agent'],
  tools: readonly NamedTool[],
  runner: () => AppRunner,
): () => { fingerprint: Fingerprint; drift: DriftWatch } {
  const { model, drift: policy = 'warn' } = options;
  const harmless = harmlessSteps(tools);
  let fingerprint: Fingerprint | undefined;
  return () => {
    const own = (fingerprint ??= agentFingerprint(options, tools));
    const { models, drifts: notes } = runner();
    const present = { ...own, class: model, modelsOf: (name: string) => models.modelsOf?.(name) };
    return { fingerprint: own, drift: new DriftWatch({ agent, policy, present, harmless, notes }) };
  };
}

function isAgent({ operation }: CatalogueEntry): boolean {
  return operation instanceof AgentOperation;
}

/** Sends calls of the app's methods to the engine. Returns the function that ends that. */
export function bindAll(
  catalogue: Catalogue,
  tools: ReadonlyMap<string, Tool>,
  submissions: Submissions,
  runner: AppRunner,
  log: EngineLog,
): () => Promise<void> {
  const unbind: (() => void | Promise<void>)[] = [];
  for (const { name, operation, receiver } of catalogue.workflows) {
    const invoke = async (args: unknown[]): Promise<unknown> => (await submissions.submit(name, args)).result();
    unbind.push(operation.bind(receiver, { name, invoke }));
    unbind.push(acceptStarts(operation, submissions));
  }
  for (const { name, operation, receiver } of catalogue.steps) {
    const method = operation.method as (...args: unknown[]) => Promise<unknown>;
    const { options } = operation;
    const call = (args: unknown[]): StepCall => ({
      name: options.name ?? name,
      options,
      body: () => method.apply(receiver, args),
    });
    unbind.push(operation.bind(receiver, { name, invoke: (args) => runStep(runner, call(args)) }));
    unbind.push(acceptCompensations(operation, runner));
  }
  for (const { name, operation, receiver } of catalogue.transactions) {
    const method = operation.method as (...args: unknown[]) => Promise<unknown>;
    const { options } = operation;
    const invoke = (args: unknown[]): Promise<unknown> =>
      runner.checkpoints.transaction(options.name ?? name, options, () => method.apply(receiver, args));
    unbind.push(operation.bind(receiver, { name, invoke }));
  }
  for (const { name, operation, receiver } of catalogue.tools) {
    const tool = tools.get(operation.options.name ?? name)!;
    unbind.push(operation.bind(receiver, { name, invoke: ([args]) => runApprovedTool(runner, tool, args) }));
    unbind.push(acceptCompensations(operation, runner));
    if (operation instanceof StandaloneTool && operation.own.open) unbind.push(operation.own.open(log));
  }
  return async () => {
    for (const undo of unbind) await undo();
  };
}

/** Returns what the steps and tools of an app run with, and its questions. */
export function appRunner(
  engine: Engine,
  models: ModelSource,
  db: Knex,
  log: EngineLog,
  approvals: ApprovalDesk,
  tokens: TokenWriter,
): AppRunner {
  const runner: AppRunner = {
    db,
    approvals,
    drifts: new DriftNotes(db, log),
    checkpoints: engine.checkpoints,
    models,
    tokens,
    onFailedAttempt: (attempt) =>
      insertAttempt(db, attempt).catch((error: Error) =>
        log.warn(`A failed attempt of ${attempt.step} could not be noted: ${error.message}`),
      ),
    allow: (error) => askForBudget(runner, error),
  };
  return runner;
}
