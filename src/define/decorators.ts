// `@workflow`, `@step` and `@transaction`: they mark methods and do nothing else. Both dialects of decorators are understood.

import type { z } from 'zod';
import { HoldfastError } from '../core/errors.ts';
import {
  type DurableMethod,
  Operation,
  type OperationKind,
  standIn,
  type StepOptions,
  type TransactionOptions,
  type WorkflowOptions,
} from './operation.ts';

/** A decorator of methods of type `Method`, for standard decorators and for `experimentalDecorators`. */
export interface MethodMark<Method extends DurableMethod> {
  <M extends Method>(method: M, context: ClassMethodDecoratorContext): M;
  <M extends Method>(
    owner: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): TypedPropertyDescriptor<M>;
}

/**
 * Marks a method as a durable workflow. Each call is a run: it has an id, and goes on after a crash where it was. The body has
 * to be deterministic between steps, because it is replayed; time, randomness and effects belong in steps or durable verbs.
 */
export function workflow<S extends z.ZodType>(
  options: WorkflowOptions & { input: S },
): MethodMark<(input: z.output<S>) => Promise<unknown>>;
export function workflow(options?: WorkflowOptions): MethodMark<DurableMethod>;
export function workflow(options: WorkflowOptions = {}): MethodMark<DurableMethod> {
  return mark('workflow', (method) => new Operation('workflow', options, method));
}

/**
 * Marks a method as a step: inside a workflow its outcome is recorded once it ends, and never computed again. A body that did
 * not get to its checkpoint may run again: bodies are at-least-once. Outside a workflow the method runs as it is written.
 */
export function step(options: StepOptions = {}): MethodMark<DurableMethod> {
  return mark('step', (method) => new Operation('step', options, method));
}

/**
 * Marks a method as a transaction on the application's database (see `db()`): its writes and its checkpoint are one commit,
 * so that they happen exactly once. Serialization failures and lost connections are retried; they are never an outcome.
 */
export function transaction(options: TransactionOptions = {}): MethodMark<DurableMethod> {
  return mark('transaction', (method) => new Operation('transaction', options, method));
}

function mark(kind: OperationKind, operation: (method: DurableMethod) => Operation): MethodMark<DurableMethod> {
  const decorate = (first: unknown, second: unknown, third?: unknown): unknown => {
    if (isStandardContext(second)) {
      if (second.kind !== 'method' || second.private) throw misplaced(kind, String(second.name));
      return standIn(operation(first as DurableMethod));
    }
    const descriptor = third as TypedPropertyDescriptor<DurableMethod> | undefined;
    if (typeof descriptor?.value !== 'function') throw misplaced(kind, String(second));
    return { ...descriptor, value: standIn(operation(descriptor.value)) };
  };
  return decorate as MethodMark<DurableMethod>;
}

function isStandardContext(value: unknown): value is ClassMethodDecoratorContext {
  return typeof value === 'object' && value !== null && 'kind' in value && 'name' in value;
}

function misplaced(kind: OperationKind, name: string): HoldfastError {
  return new HoldfastError('misplaced_decorator', `@${kind} stands on '${name}', which is not a public method.`);
}
