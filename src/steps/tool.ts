// A tool's way from call to checkpoint: checked arguments, an identity for what is sent outside, and care for what was never answered.

import { createHash, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { SuperJSON } from 'superjson';
import { afterUnknown } from '../core/effects.ts';
import { HoldfastError, TerminalError } from '../core/errors.ts';
import { idempotencyKey } from '../core/idempotency-key.ts';
import { errorRecord } from '../core/recorded-error.ts';
import { assertFits } from '../core/tool-result.ts';
import { inputIssues } from '../define/input.ts';
import type { ToolContext, ToolOptions } from '../define/tool.ts';
import type { StepIdentity } from '../engine/checkpoint.ts';
import { db } from '../engine/data-source.ts';
import { holdForPerson } from '../engine/unfit.ts';
import { insideWorkflow } from '../engine/verbs.ts';
import type { Turnstile } from '../lib/turnstile.ts';
import { throughOutages } from '../postgres/outages.ts';
import { arm } from '../store/compensations.ts';
import { hasUnknown } from '../store/effects.ts';
import { type StepContext, stepContext } from './context.ts';
import { SENDER, type SendingContext } from './effect-call.ts';
import { effectFetch } from './effect-fetch.ts';
import { type EffectIdentity, runOver } from './receipt.ts';
import { textForPeople } from './effect-url.ts';
import { runStep, type Settled, type StepRunner } from './step.ts';

/** How long an attempt may take where the tool does not say: a call that never returns would hold its run for ever. */
const LONGEST_ATTEMPT = '10m';

export interface ToolRunner extends StepRunner {
  /** Where receipts are kept. */
  db: Knex;
}

/** A tool of the app. */
export interface Tool {
  name: string;
  options: ToolOptions;
  method: (args: unknown, context: ToolContext) => Promise<unknown>;
  /** Where its calls wait their turn, if only so many may be made at a time. */
  places?: Turnstile | undefined;
}

/**
 * Calls a tool from a workflow's body, and records its outcome.
 * @throws TerminalError `invalid_tool_arguments`, naming the field; HoldfastError `not_in_workflow`; what the tool's method throws
 */
export async function runTool(runner: ToolRunner, tool: Tool, args: unknown): Promise<unknown> {
  if (!insideWorkflow()) {
    throw new HoldfastError(
      'not_in_workflow',
      `The tool '${tool.name}' was called outside the body of a workflow or an agent: its calls belong to a run.`,
    );
  }
  const checked = checkedArguments(tool, args);
  const { name, options, method } = tool;
  if (options.effect === 'transactional') {
    return runner.checkpoints.transaction(name, { isolation: options.isolation }, (identity) =>
      method(checked, transactionalContext(name, identity)).then((result) => assertFits(name, result, true)),
    );
  }
  const call = new OutsideCall(runner, tool, args, checked);
  return runStep(runner, {
    name,
    options: { timeout: LONGEST_ATTEMPT, ...options },
    places: tool.places,
    body: () => call.attempt(),
    settle: (signal) => call.settle(signal),
  });
}

/** Returns `args` as the tool's schema understands them. @throws TerminalError `invalid_tool_arguments`, naming the field */
export function checkedArguments({ name, options }: Tool, args: unknown): unknown {
  const parsed = options.input.safeParse(args);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(inputIssues);
  throw new TerminalError(
    'invalid_tool_arguments',
    `The arguments of '${name}' do not fit: ${issues[0]!.pointer || 'they'}: ${issues[0]!.detail}.`,
    issues,
  );
}

/** One call of a tool that acts outside of the database. */
class OutsideCall {
  readonly #runner: ToolRunner;
  readonly #tool: Tool;
  readonly #given: unknown;
  readonly #args: unknown;
  readonly #executionId = randomUUID();
  #isArmed = false;
  #context: ToolContext | undefined;

  /** `given` are the arguments as they came, `args` as the tool's schema made them. */
  constructor(runner: ToolRunner, tool: Tool, given: unknown, args: unknown) {
    this.#runner = runner;
    this.#tool = tool;
    this.#given = given;
    this.#args = args;
  }

  /** Makes one attempt, unless an execution that died has left the effect done. */
  async attempt(): Promise<unknown> {
    const step = stepContext();
    this.#context = outsideContext(this.#runner.db, this.#tool.name, step);
    const settled = await this.settle(() => step.signal, !this.#isArmed);
    if (settled) return settled.value;
    if (!this.#isArmed) await this.#arm(this.#context);
    return assertFits(this.#tool.name, await this.#tool.method(this.#args, this.#context));
  }

  /**
   * Looks what became of requests that were sent and never answered, or, after a death of the process, of a call without a checkpoint.
   * Returns the call's result where it can be found out, and undefined when the call may be made. Where nobody can tell, the run is held,
   * and this does not return.
   */
  async settle(signal: () => AbortSignal, isNewExecution = false): Promise<Settled | undefined> {
    const { options } = this.#tool;
    const context = this.#context!;
    const reconcile = 'reconcile' in options ? options.reconcile : undefined;
    const policy = afterUnknown(options.effect, reconcile !== undefined);
    if (policy === 'send_again') return undefined;
    if (!(await hasUnknown(this.#runner.db, context.runId, context.stepId, isNewExecution))) return undefined;
    if (!reconcile) return this.#hold(context, '');
    try {
      const value = await reconcile(context.idempotencyKey, this.#asking(context, signal()));
      return value === undefined ? undefined : { value };
    } catch (error) {
      if (options.effect !== 'irreversible' || signal().aborted) throw error;
      return this.#hold(context, ` Its reconcile failed: ${textForPeople(errorRecord(error).message)}`);
    }
  }

  /** What `reconcile` sends itself are other requests than those of the call, and the call's time may be up. */
  #asking(context: ToolContext, signal: AbortSignal): ToolContext {
    const { runId, stepId, attempt, tenant, idempotencyKey: key } = context;
    const step = { runId, stepId, attempt, tenant, signal, idempotencyKey: `${key}-reconcile` };
    return outsideContext(this.#runner.db, `reconcile ${this.#tool.name}`, step);
  }

  async #hold({ stepId }: ToolContext, why: string): Promise<never> {
    const { name } = this.#tool;
    await holdForPerson('unknown_effect', { stepId, called: name, message: unknownEffect(stepId, name) + why });
    return this.#runner.checkpoints.abandon();
  }

  /** Before anything is done, so that a run that fails knows of it whatever happens; and nothing is begun for one that is over. */
  async #arm({ runId, stepId, idempotencyKey: key, signal }: ToolContext): Promise<void> {
    const { db: receipts } = this.#runner;
    const { name, options } = this.#tool;
    const { effect } = options;
    if (effect !== 'compensable' && effect !== 'irreversible') return;
    const given = SuperJSON.stringify(this.#given);
    const beginning = { runId, stepId, tool: name, effect, arguments: given, key, executionId: this.#executionId };
    if (!(await throughOutages(() => arm(receipts, beginning), signal))) throw runOver(runId, name);
    this.#isArmed = true;
  }
}

function unknownEffect(stepId: number, tool: string): string {
  return (
    `Step ${stepId} ('${tool}') may have acted, and cannot be undone: a request of it was never answered, or its process died in it. Nobody ` +
    'can tell whether it happened. Find out by the key that holdfast.unwinding shows, then release the run, which makes the call again ' +
    'with that key, or cancel it.'
  );
}

/** Who acts: the step that `stepContext()` returns. */
type Actor = Pick<StepContext, 'runId' | 'stepId' | 'attempt' | 'tenant' | 'signal' | 'idempotencyKey'>;

/** Returns the surroundings of a body that acts outside on behalf of `tool`, as `actor`, and under its key unless another one is given. */
export function outsideContext(
  receipts: Knex,
  tool: string,
  actor: Actor,
  key: string = actor.idempotencyKey!,
): SendingContext {
  const { attempt } = actor;
  // A tool's call belongs to a run.
  const [runId, stepId, tenant] = [actor.runId!, actor.stepId!, actor.tenant!];
  const traceparent = traceparentOf(runId, key);
  const identity = (): EffectIdentity => ({ runId, stepId, tool, key, attempt, traceparent, signal: actor.signal });
  let fetch: typeof globalThis.fetch | undefined;
  return {
    get [SENDER]() {
      return { db: receipts, identity: identity() };
    },
    runId,
    stepId,
    attempt,
    tenant,
    idempotencyKey: key,
    get signal() {
      return actor.signal;
    },
    get fetch() {
      return (fetch ??= effectFetch(receipts, identity()));
    },
    get db(): never {
      throw new HoldfastError(
        'not_in_transaction',
        `'${tool}' used db, which only tools with effect: 'transactional' have.`,
      );
    },
  };
}

function transactionalContext(tool: string, identity: StepIdentity): ToolContext {
  const { runId, stepId, tenant } = identity;
  return {
    runId,
    stepId,
    attempt: 1,
    tenant,
    idempotencyKey: idempotencyKey(runId, String(stepId)),
    get signal() {
      return identity.cancelled();
    },
    get fetch(): never {
      throw new HoldfastError(
        'fetch_in_transaction',
        `'${tool}' used fetch in a transaction, which cannot take back what was sent: make it a tool of another effect.`,
      );
    },
    db: db(),
  };
}

/** A trace of its own for each run, and in it a span for each call (W3C Trace Context, level 1). */
function traceparentOf(runId: string, key: string): string {
  return `00-${digest(runId, 32)}-${digest(key, 16)}-01`;
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
