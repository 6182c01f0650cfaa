// A marked method: what a decorator leaves behind. It does nothing until `createApp` lists its class and the app is started.

import type { z } from 'zod';
import type { RetryPolicy } from '../core/backoff.ts';
import type { Duration } from '../core/duration.ts';
import { HoldfastError } from '../core/errors.ts';
import type { Retention } from '../core/retention.ts';
import type { ToolOptions } from './tool.ts';

/** Any method that can be marked. */
export type DurableMethod = (...args: never[]) => Promise<unknown>;

export interface WorkflowOptions {
  /** The lane (queue) that runs of this workflow wait in; `default` when not given. */
  lane?: string;
  /** A zod schema of the workflow's one input: it is checked before a run is recorded, and types the method's parameter. */
  input?: z.ZodType;
  /** What it is for, in words that a model reads: agents that have it among their tools need it. */
  description?: string;
  /** How often a run may be taken up again after its process died before it is a dead letter. Default 100. */
  maxRecoveries?: number;
  /** How long a run is kept after its end, such as `7d` or `forever`; at least a minute. What `createApp` says by default. */
  retention?: Retention;
}

export interface StepOptions {
  /** The name in timelines and histories; the method's own by default. Renaming it strands running work. */
  name?: string;
  /** Retries of failed attempts; none by default. */
  retries?: RetryPolicy;
  /** How long one attempt may take before its signal is aborted and the attempt has failed. */
  timeout?: Duration;
}

export interface TransactionOptions {
  name?: string;
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readOnly?: boolean;
}

export type OperationKind = 'workflow' | 'step' | 'transaction' | 'tool';

/** Where calls of a marked method on one class or instance go while an app runs; made anew each time that an app starts. */
export interface Binding {
  /** Its name in the catalogue. */
  name: string;
  invoke: (args: unknown[]) => Promise<unknown>;
}

interface Marks {
  workflow: WorkflowOptions;
  step: StepOptions;
  transaction: TransactionOptions;
  tool: ToolOptions;
}

/** What a decorator knows about one method, and where calls of it go while an app runs. */
export class Operation<Kind extends OperationKind = OperationKind> {
  readonly kind: Kind;
  readonly options: Marks[Kind];
  readonly method: DurableMethod;
  readonly #receivers = new Map<unknown, Binding>();

  constructor(kind: Kind, options: Marks[Kind], method: DurableMethod) {
    this.kind = kind;
    this.options = options;
    this.method = method;
  }

  /** Sends calls on `receiver` (a class or an instance) to `binding`, until the function that is returned is called. */
  bind(receiver: unknown, binding: Binding): () => void {
    if (this.#receivers.has(receiver)) {
      throw new HoldfastError(
        'app_running',
        `${this.method.name} already belongs to an app that is running in this process: stop that one first.`,
      );
    }
    this.#receivers.set(receiver, binding);
    return () => this.#receivers.delete(receiver);
  }

  /**
   * Returns where a call with `this` = `receiver` goes. A static method that was taken off its class has no `this`, and one of
   * a subclass another one; with a single receiver there is no doubt which is meant.
   * @throws HoldfastError `not_running` when no running app lists the class or instance.
   */
  route(receiver: unknown): Binding {
    const single = this.#receivers.size === 1 ? this.#receivers.values().next().value : undefined;
    const binding = this.#receivers.get(receiver) ?? single;
    if (binding) return binding;
    throw new HoldfastError(
      'not_running',
      `'${this.method.name}' was called, but no running app lists its class: put it into createApp({ services: [...] }) and start the app first.`,
    );
  }
}

const operations = new WeakMap<object, Operation>();

/** Returns the operation that `method` was marked as, or undefined for an ordinary function. */
export function operationOf(method: unknown): Operation | undefined {
  return typeof method === 'function' ? operations.get(method) : undefined;
}

/** Returns a function that stands in for `operation.method` and routes its calls. */
export function standIn(operation: Operation): DurableMethod {
  const dispatch = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return operation.route(this).invoke(args);
  };
  Object.defineProperty(dispatch, 'name', { value: operation.method.name });
  operations.set(dispatch, operation);
  return dispatch;
}
