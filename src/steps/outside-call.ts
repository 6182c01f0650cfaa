// One call of a tool that acts outside of the database, with care for what was sent and never answered.

import { randomUUID } from 'node:crypto';
import { SuperJSON } from 'superjson';
import { nextAttemptDelay, type RetryPolicy } from '../core/backoff.ts';
import { afterUnknown } from '../core/effects.ts';
import { TerminalError } from '../core/errors.ts';
import { errorRecord } from '../core/recorded-error.ts';
import { assertFits } from '../core/tool-result.ts';
import type { StepOptions } from '../define/operation.ts';
import { LONGEST_ATTEMPT, type ToolContext } from '../define/tool.ts';
import { holdForPerson } from '../engine/unfit.ts';
import { throughOutages } from '../postgres/outages.ts';
import { arm } from '../store/compensations.ts';
import { hasUnknown, noteFound } from '../store/effects.ts';
import { stepContext } from './context.ts';
import { textForPeople } from './effect-url.ts';
import { runOver } from './receipt.ts';
import { pauseBetween, type Settled, withinTime } from './step.ts';
import type { Tool, ToolRunner } from './tool.ts';
import { outsideContext } from './tool-context.ts';

/** Looking what became of a call harms nobody, so a look that failed is not the last. */
const LOOKING: RetryPolicy = { attempts: 8, backoff: { initial: '200ms', factor: 2, max: '10s' } };

/** One call. */
export class OutsideCall {
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
   * and this does not return, if the tool is irreversible.
   * @throws TerminalError `effect_unknown` if it is compensable
   */
  async settle(signal: () => AbortSignal, isNewExecution = false): Promise<Settled | undefined> {
    const { options } = this.#tool;
    const context = this.#context!;
    const reconcile = 'reconcile' in options ? options.reconcile : undefined;
    const policy = afterUnknown(options.effect, reconcile !== undefined);
    if (policy === 'send_again') return undefined;
    if (!(await this.#isUnknown(isNewExecution))) return undefined;
    if (!reconcile) return this.#hold('');
    try {
      const look = (expiry: AbortSignal | undefined): Promise<unknown> =>
        reconcile(context.idempotencyKey, this.#asking(context, AbortSignal.any([signal(), expiry!])));
      const value = await this.#patiently(look, signal);
      if (value === undefined) return undefined;
      const { runId, stepId } = context;
      await throughOutages(() => noteFound(this.#runner.db, runId, stepId), signal());
      return { value };
    } catch (error) {
      if (signal().aborted) throw error;
      const why = ` Its reconcile failed: ${textForPeople(errorRecord(error).message)}`;
      if (options.effect !== 'irreversible') throw this.#unknown(why);
      return this.#hold(why);
    }
  }

  /** There will be no further attempt. Where the call may have been done, to say that it has failed would be a guess. */
  async giveUp(error: unknown): Promise<void> {
    const { effect } = this.#tool.options;
    if (effect !== 'compensable' || !(await this.#isUnknown(false))) return;
    throw this.#unknown(` Its last attempt failed: ${textForPeople(errorRecord(error).message)}`);
  }

  #unknown(why: string): TerminalError {
    const { stepId, idempotencyKey: key } = this.#context!;
    const { name } = this.#tool;
    const message = `Nobody knows whether step ${stepId} ('${name}') was done: a request of it was never answered, or only by a gateway.${why}`;
    return new TerminalError('effect_unknown', message, { key });
  }

  #isUnknown(isNewExecution: boolean): Promise<boolean> {
    const { runId, stepId } = this.#context!;
    return throughOutages(() => hasUnknown(this.#runner.db, runId, stepId, isNewExecution));
  }

  async #patiently(
    look: (expiry: AbortSignal | undefined) => Promise<unknown>,
    signal: () => AbortSignal,
  ): Promise<unknown> {
    const { name, options } = this.#tool;
    const { timeout = LONGEST_ATTEMPT } = options as Pick<StepOptions, 'timeout'>;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await withinTime(`reconcile ${name}`, timeout, look);
      } catch (error) {
        const delay = nextAttemptDelay(LOOKING, attempt, error, Math.random());
        if (delay === undefined || signal().aborted) throw error;
        await pauseBetween(this.#runner, delay, signal());
      }
    }
  }

  /** What `reconcile` sends itself are other requests than those of the call, and the call's time may be up. */
  #asking(context: ToolContext, signal: AbortSignal): ToolContext {
    const { runId, stepId, attempt, tenant, idempotencyKey: key } = context;
    const step = { runId, stepId, attempt, tenant, signal, idempotencyKey: `${key}-reconcile` };
    return outsideContext(this.#runner.db, `reconcile ${this.#tool.name}`, step);
  }

  async #hold(why: string): Promise<never> {
    const { stepId } = this.#context!;
    const message = unknownEffect(stepId, this.#tool.name) + why;
    await holdForPerson('unknown_effect', { stepId, called: this.#tool.name, message });
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
