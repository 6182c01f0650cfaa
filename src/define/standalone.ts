// A tool that is no method: it is made by a function, has its name from there, and belongs to the app whose agents list it.

import type { CatalogueEntry } from './catalogue.ts';
import { type DurableMethod, Operation, operationOf, standIn } from './operation.ts';
import type { ToolContext, ToolOptions } from './tool.ts';

/** What a model is told of a tool. */
export interface ToolDescription {
  description: string;
  /** The JSON Schema of its arguments. */
  inputSchema: Record<string, unknown>;
}

/** What takes warnings. */
export interface Warnings {
  warn(message: string): void;
}

interface Standalone {
  /** The name in histories. */
  name: string;
  /** What models call it. */
  knownAs: string;
  options: ToolOptions;
  /** What models are told, where that is something else than `options` say; asked for in the step that asks the model. */
  describe?: (signal: AbortSignal) => Promise<ToolDescription>;
  /** Called when the app starts; what it returns when it stops. */
  open?: (log: Warnings) => () => Promise<void>;
}

const KIND = 'tool';

/** A tool without a class. */
export class StandaloneTool extends Operation<'tool'> {
  readonly own: Standalone;

  constructor(own: Standalone, method: DurableMethod) {
    super(KIND, { ...own.options, name: own.name }, method);
    this.own = own;
  }

  get entry(): CatalogueEntry<'tool'> {
    return { name: this.own.name, operation: this, receiver: this };
  }
}

/** Returns a function that stands for the tool: in an agent's `tools`, in `services`, and for `callTool`. */
export function standaloneTool<Args, Result>(
  own: Standalone,
  method: (args: Args, context: ToolContext) => Promise<Result>,
): (args: Args, context: ToolContext) => Promise<Result> {
  const named = Object.defineProperty(method, 'name', { value: own.name });
  return standIn(new StandaloneTool(own, named)) as typeof method;
}

/** Returns the tool that `listed` stands for, or undefined where it is something else. */
export function standaloneIn(listed: unknown): StandaloneTool | undefined {
  const operation = operationOf(listed);
  return operation instanceof StandaloneTool ? operation : undefined;
}
