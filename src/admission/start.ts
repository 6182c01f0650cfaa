// `start()`: begins a run without waiting for its end.

import { HoldfastError, InvalidInput } from '../core/errors.ts';
import { type Operation, operationOf } from '../define/operation.ts';
import type { Submissions, SubmitOptions } from './submit.ts';

/** A run that was started. */
export interface RunHandle<Result> {
  readonly id: string;
  /** Resolves to the run's result; rejects with its recorded error, `run_cancelled` or `run_dead`. */
  result(): Promise<Result>;
}

/** How a run is started; `on` says for which configured instance, where a class has several. */
export type StartOptions = SubmitOptions & { on?: object };

/**
 * Starts a run of `workflow` with `input` and returns it. In a workflow's body it is a child run, whose id is derived from the
 * parent and the step, so that a replay finds it again; anywhere else it waits in its lane.
 * @throws InvalidInput `not_a_workflow`, `invalid_input`, `invalid_idempotency_key` or `lane_not_found`; HoldfastError `not_running`;
 *   Conflict `idempotency_key_reused`
 */
export async function start<Input, Result>(
  workflow: (input: Input) => Promise<Result>,
  input: Input,
  options: StartOptions = {},
): Promise<RunHandle<Result>> {
  const operation = operationOf(workflow);
  if (operation?.kind !== 'workflow') {
    throw new InvalidInput(
      'not_a_workflow',
      `start() takes a method that is marked with @workflow; '${workflow.name}' is none.`,
    );
  }
  const { name } = operation.route(options.on);
  const submissions = accepting.get(operation);
  if (!submissions) throw new HoldfastError('not_running', `'${name}' cannot be started: its app is not running.`);
  const args = input === undefined ? [] : [input];
  return (await submissions.submit(name, args, options)) as RunHandle<Result>;
}

const accepting = new WeakMap<Operation, Submissions>();

/** Lets `start()` begin runs of `operation` through `submissions`, until the function that is returned is called. */
export function acceptStarts(operation: Operation, submissions: Submissions): () => void {
  accepting.set(operation, submissions);
  return () => accepting.delete(operation);
}
