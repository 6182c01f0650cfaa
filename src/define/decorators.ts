// `@workflow`, `@agent`, `@step`, `@transaction` and `@tool`: they mark methods and do nothing else. Both dialects of decorators are understood.

import type { z } from 'zod';
import { HoldfastError } from '../core/errors.ts';
import { AgentOperation, type AgentOptions } from './agent.ts';
import {
  type DurableMethod,
  Operation,
  type OperationKind,
  standIn,
  type StepOptions,
  type TransactionOptions,
  type WorkflowOptions,
} from './operation.ts';
import type { ToolContext, ToolOptions } from './tool.ts';

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

/**
 * Marks a method as a tool: a step that a model may ask for, with one argument that is checked, and the call's surroundings. Its `effect`
 * decides what becomes of a call that was interrupted. Workflows call it with `callTool`.
 */
export function tool<S extends z.ZodType, Result = unknown>(
  options: ToolOptions<S, Result>,
): MethodMark<(args: z.output<S>, context: ToolContext) => Promise<Result>> {
  return mark('tool', (method) => new Operation('tool', options, method));
}

/**
 * Marks a method as an agent: a workflow in which a model chooses what is done next, among the tools that it is given, until it has a
 * result. The method returns `opening(…)`. Each turn and each tool call is a step; what the model has decided is never asked again.
 */
export function agent<S extends z.ZodType, O extends z.ZodType = z.ZodString>(
  options: AgentOptions & { input: S; output?: O },
): MethodMark<(input: z.output<S>) => Promise<z.output<O>>>;
export function agent<O extends z.ZodType = z.ZodString>(
  options: AgentOptions & { output?: O },
): MethodMark<(...args: never[]) => Promise<z.output<O>>>;
export function agent(options: AgentOptions): MethodMark<DurableMethod> {
  return mark('agent', (method) => new AgentOperation(options, method));
}

function mark(
  kind: OperationKind | 'agent',
  operation: (method: DurableMethod) => Operation,
): MethodMark<DurableMethod> {
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

function misplaced(kind: OperationKind | 'agent', name: string): HoldfastError {
  return new HoldfastError('misplaced_decorator', `@${kind} stands on '${name}', which is not a public method.`);
}
