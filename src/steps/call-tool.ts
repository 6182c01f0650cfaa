// How a workflow's body calls a tool by itself: without the call's surroundings, which the runtime adds.

import type { ToolContext } from '../define/tool.ts';

/**
 * Calls the tool `method` with `args` in the body of a workflow, as one step, and returns its recorded result.
 * @throws TerminalError `invalid_tool_arguments`; HoldfastError `not_in_workflow`; what the method throws
 */
export function callTool<Args, Result>(
  method: (args: Args, context: ToolContext) => Promise<Result>,
  args: Args,
): Promise<Result> {
  // The method stands for the tool: it takes the arguments only.
  return (method as (args: Args) => Promise<Result>)(args);
}
