// `compensateWith()`: a workflow says itself what undoes what it does.

import { SuperJSON } from 'superjson';
import { HoldfastError, InvalidInput } from '../core/errors.ts';
import { assertSerializable } from '../core/serializable.ts';
import { type Operation, operationOf } from '../define/operation.ts';
import type { ToolContext, ToolOptions } from '../define/tool.ts';
import { insideWorkflow } from '../engine/verbs.ts';
import { register } from '../store/compensations.ts';
import { stepContext } from './context.ts';
import { runStep } from './step.ts';
import type { ToolRunner } from './tool.ts';

const NOTED_FOR_SURE = { attempts: Infinity, backoff: { initial: '500ms', max: '1m' } } as const;

/**
 * Notes, as one step, that `method` is to be called with `input` when the run is unwound: what was noted last is undone first, together
 * with the calls of tools. Do so before the effect, with an input that names it, so that no death in between is missed; there may be
 * nothing to undo then. `method` is marked with `@step` or `@tool`, so that another process finds it; it may be called more than once, with
 * its retries, and without those eight times. `on` says of which configured instance it is, where a class has several.
 * @throws InvalidInput `invalid_compensation`, `not_serializable`; HoldfastError `not_in_workflow`, `not_running`
 */
export async function compensateWith<Input>(
  method: (input: Input, context: ToolContext) => Promise<unknown>,
  input: Input,
  options: { on?: object } = {},
): Promise<void> {
  const operation = operationOf(method);
  if (!operation || !canUndo(operation)) {
    throw new InvalidInput(
      'invalid_compensation',
      `compensateWith() takes a method that is marked with @step, or with @tool and another effect than transactional; '${method.name}' is none.`,
    );
  }
  if (!insideWorkflow()) {
    throw new HoldfastError(
      'not_in_workflow',
      'compensateWith() works in the body of a @workflow method only, not in a step nor outside of a run.',
    );
  }
  const { name } = operation.route(options.on);
  const runner = registering.get(operation);
  if (!runner) throw new HoldfastError('not_running', `'${name}' cannot undo anything: its app is not running.`);
  const given = SuperJSON.stringify(assertSerializable(input, `The input of the compensation ${name}`));
  const body = async (): Promise<void> => {
    const { runId, stepId, idempotencyKey: key } = stepContext();
    await register(runner.db, { runId: runId!, stepId: stepId!, tool: name, arguments: given, key: key! });
  };
  await runStep(runner, { name: `compensateWith ${name}`, options: { retries: NOTED_FOR_SURE }, body });
}

function canUndo({ kind, options }: Operation): boolean {
  return kind === 'step' || (kind === 'tool' && (options as ToolOptions).effect !== 'transactional');
}

const registering = new WeakMap<Operation, ToolRunner>();

/** Lets `compensateWith()` note calls of `operation`, until the function that is returned is called. */
export function acceptCompensations(operation: Operation, runner: ToolRunner): () => void {
  registering.set(operation, runner);
  return () => registering.delete(operation);
}
