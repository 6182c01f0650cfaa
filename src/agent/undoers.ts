// What undoes a call: the compensation of its tool, or the method that a workflow registered with `compensateWith`.

import type { Knex } from 'knex';
import { SuperJSON } from 'superjson';
import { idempotencyKey } from '../core/idempotency-key.ts';
import type { StepOptions } from '../define/operation.ts';
import { type CompensationContext, LONGEST_ATTEMPT, type ToolContext } from '../define/tool.ts';
import { stepContext } from '../steps/context.ts';
import type { Tool } from '../steps/tool.ts';
import { outsideContext } from '../steps/tool-context.ts';
import type { ArmedCall } from '../store/compensations.ts';

/** A call whose turn it is. */
export interface CallToUndo extends ArmedCall {
  /** SuperJSON. */
  arguments: string;
}

/** How a call is undone. */
export interface Undoer {
  options: Pick<StepOptions, 'retries' | 'timeout'>;
  /** Finds out what became of a call without a result: its result, or undefined when it did nothing. */
  reconcile?: ((call: ArmedCall) => Promise<unknown>) | undefined;
  /** Undoes the call; to be called in a step. `result` is undefined where the call may have acted without having one. */
  undo: (call: CallToUndo, result: unknown) => Promise<unknown>;
}

/** Returns what undoes a call; undefined when the code of today has nothing. */
export type Undoers = (call: ArmedCall) => Undoer | undefined;

/** A method that workflows can register. */
export interface Registrable {
  options: Pick<StepOptions, 'retries' | 'timeout'>;
  /** Calls it in the step that undoes, with surroundings that have the key of the compensation. */
  call: (input: unknown, context: CompensationContext) => Promise<unknown>;
}

/** Returns what undoes calls of `tools`, and what was registered of `methods`; with receipts in `receipts`. */
export function undoersOf(
  receipts: Knex,
  tools: ReadonlyMap<string, Tool>,
  methods: ReadonlyMap<string, Registrable>,
): Undoers {
  return (call) => {
    if (call.kind === 'registered') {
      const method = methods.get(call.tool);
      return method && registered(receipts, method);
    }
    const tool = tools.get(call.tool);
    return tool && undoerOf(receipts, tool);
  };
}

function registered(receipts: Knex, { options, call: undo }: Registrable): Undoer {
  return {
    options,
    undo: (call) => undo(SuperJSON.parse(call.arguments), compensationContext(receipts, call)),
  };
}

function undoerOf(receipts: Knex, { options }: Tool): Undoer | undefined {
  if (options.effect !== 'compensable') return undefined;
  const { compensate, reconcile, input } = options;
  return {
    options: { timeout: LONGEST_ATTEMPT, ...options },
    reconcile: reconcile && ((call) => reconcile(call.key, askingContext(receipts, call))),
    undo: async (call, result) => {
      const args = input.parse(SuperJSON.parse(call.arguments));
      await compensate(result as never, args, compensationContext(receipts, call));
    },
  };
}

/** The key belongs to the call: a run and one below it that fail at about the same time both undo it, and that counts once. */
function keyOf({ runId, stepId }: ArmedCall): string {
  return idempotencyKey(runId, `undo/${stepId}`);
}

function askingContext(receipts: Knex, call: ArmedCall): ToolContext {
  return outsideContext(receipts, `reconcile ${call.tool}`, stepContext(), `${keyOf(call)}-reconcile`);
}

function compensationContext(receipts: Knex, call: ArmedCall): CompensationContext {
  const context = outsideContext(receipts, `undo ${call.tool}`, stepContext(), keyOf(call));
  // Not spread: signal, fetch and db are made when they are first looked at.
  return Object.create(context, { forwardKey: { value: call.key, enumerable: true } }) as CompensationContext;
}
