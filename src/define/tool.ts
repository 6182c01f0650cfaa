// A tool: a step that a model may ask for. What it does to the world is declared, because that decides what the runtime may do with it.

import type { Knex } from 'knex';
import type { z } from 'zod';
import { type ApprovalRule, resolveRule } from '../core/approval.ts';
import type { RetryPolicy } from '../core/backoff.ts';
import type { Duration } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';

/** The surroundings of one attempt of a tool. */
export interface ToolContext {
  readonly runId: string;
  readonly stepId: number;
  /** 1 for the first attempt since this process took up the call; always 1 in a transactional tool. */
  readonly attempt: number;
  readonly tenant: string;
  /**
   * Of the run and the call's place in it, never of the arguments: the same over retries, crashes and failover. `fetch` sends it by
   * itself; give it to whatever else has to recognise a repeat.
   */
  readonly idempotencyKey: string;
  /** Aborted when the attempt's time is up, or the run was cancelled. */
  readonly signal: AbortSignal;
  /**
   * The global `fetch` with the headers `traceparent` and, on methods that are not safe (RFC 9110), `Idempotency-Key`, and with a
   * receipt in `holdfast.effects` of every such request. Not in transactional tools: what is sent cannot be rolled back.
   */
  readonly fetch: typeof globalThis.fetch;
  /** The transaction that commits together with the tool's checkpoint. In transactional tools only. */
  readonly db: Knex.Transaction;
}

/** Whether people have to say yes before a call: always, by a rule, or as the arguments have it, where undefined is no. */
export type ToolApproval<S extends z.ZodType> =
  | 'required'
  | ApprovalRule
  | ((args: z.output<S>) => 'required' | ApprovalRule | undefined);

interface Described<S extends z.ZodType> {
  /** What it is for, in the words that the model reads. */
  description: string;
  /** A zod schema of its one argument: the model gets it as JSON Schema, arguments are checked with it, and it types the method's. */
  input: S;
  /** The name in timelines and histories; the method's own by default. Renaming it strands running work. */
  name?: string;
  /**
   * What has to happen before each call: people approve it. The run waits for them without being in memory. A call that they reject, or that nobody
   * approves in time, is not made and has failed, with `approval_rejected` or `approval_expired`.
   */
  approval?: ToolApproval<S>;
}

interface Attempted {
  /** Retries of failed attempts; none by default. */
  retries?: RetryPolicy;
  /** How long one attempt may take before its signal is aborted and the attempt has failed; ten minutes by default. */
  timeout?: Duration;
  /** How many calls of the tool run at a time in this process; the others wait their turn. No limit by default. */
  concurrency?: number;
}

/** Looks only. It may be done again at any time. */
export interface ReadTool<S extends z.ZodType> extends Described<S>, Attempted {
  effect: 'read';
}

/** Writes to the application's database only. It happens exactly once, in one commit with its checkpoint. */
export interface TransactionalTool<S extends z.ZodType> extends Described<S> {
  effect: 'transactional';
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
}

interface Reconciled {
  /**
   * Finds out what became of a call that was sent and never answered, by its idempotency key: returns its result, or undefined when
   * it did not happen and may be sent.
   */
  reconcile?: (idempotencyKey: string, context: ToolContext) => Promise<unknown>;
}

/** The surroundings of a compensation. Its `idempotencyKey` is its own. */
export interface CompensationContext extends ToolContext {
  /** The key that the call was made with. */
  readonly forwardKey: string;
}

/**
 * Does what can be undone. A call that was sent and never answered is sent again with its key, unless `reconcile` knows better. When the
 * run fails, or is cancelled with `unwind`, its calls are undone, the latest first.
 */
export interface CompensableTool<S extends z.ZodType, Result> extends Described<S>, Attempted, Reconciled {
  effect: 'compensable';
  /**
   * Undoes a call. `result` is what the call returned, and undefined where it may have acted without getting that far. It may run
   * more than once, always with the same `idempotencyKey`; it has the retries and the time limit of the tool.
   */
  compensate: (result: Result, args: z.output<S>, context: CompensationContext) => Promise<void>;
}

interface Irreversible<S extends z.ZodType> extends Described<S>, Attempted, Reconciled {
  effect: 'irreversible';
}

interface ApprovedTool<S extends z.ZodType> extends Irreversible<S> {
  approval: ToolApproval<S>;
  acknowledged?: string;
}

interface AcknowledgedTool<S extends z.ZodType> extends Irreversible<S> {
  /** Why that is acceptable without a person's approval; for whoever reads the code. */
  acknowledged: string;
}

/**
 * Does what nobody can undo, with a person's `approval`, or where it is `acknowledged`. A call that was sent and never answered holds the run
 * for a person, unless `reconcile` tells.
 */
export type IrreversibleTool<S extends z.ZodType> = ApprovedTool<S> | AcknowledgedTool<S>;

/** What `@tool` takes: another set of options for each kind of effect. */
export type ToolOptions<S extends z.ZodType = z.ZodType, Result = never> =
  | ReadTool<S>
  | TransactionalTool<S>
  | CompensableTool<S, Result>
  | IrreversibleTool<S>;

/** How long an attempt may take where the tool does not say: what never returns would hold its run for ever. */
export const LONGEST_ATTEMPT: Duration = '10m';

const EFFECTS = ['read', 'transactional', 'compensable', 'irreversible'];

/** Refuses what the compiler refuses, for callers without one. @throws InvalidInput `invalid_tool`, naming the tool and the option */
export function assertTool(name: string, options: ToolOptions): void {
  const problem = problemOf(options);
  if (problem) throw new InvalidInput('invalid_tool', `The tool '${name}' cannot be used: ${problem}.`);
}

function problemOf(options: Partial<ToolOptions>): string | undefined {
  if (!EFFECTS.includes(options.effect ?? '')) {
    return `effect says what it does to the world and must be one of ${EFFECTS.join(', ')}, not '${String(options.effect)}'`;
  }
  if (!options.description?.trim()) return 'description is missing, which tells the model what the tool is for';
  if (typeof options.input?.safeParse !== 'function') return 'input must be a zod schema of its argument';
  if (options.effect === 'compensable' && typeof options.compensate !== 'function') {
    return 'compensate is missing, which undoes a call when its run fails';
  }
  if (options.effect === 'irreversible' && !options.approval && !options.acknowledged?.trim()) {
    return `approval or acknowledged is missing: what nobody can undo needs a person's approval, or a written reason why it may happen without`;
  }
  const { concurrency = 1 } = options as Attempted;
  if (!Number.isInteger(concurrency) || concurrency < 1) return `concurrency is ${concurrency}: it must be 1 or more`;
  return problemOfApproval(options);
}

/** The steps of agents and approvals are called like this, and are no outcomes of calls. */
const OWN_STEPS = /^(?:model$|compact$|approval of |notice of |decision on )/;

function problemOfApproval({ name, approval }: Partial<ToolOptions>): string | undefined {
  if (name !== undefined && OWN_STEPS.test(name)) return `'${name}' is what a step of agents or approvals is called`;
  if (approval === undefined || typeof approval === 'function') return undefined;
  try {
    resolveRule(approval);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/\.$/, '');
  }
}
