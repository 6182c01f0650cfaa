// A tool's way from call to checkpoint: checked arguments, an identity for what is sent outside, and care for what was never answered.

import type { Knex } from 'knex';
import { HoldfastError, TerminalError } from '../core/errors.ts';
import { assertFits } from '../core/tool-result.ts';
import { inputIssues } from '../define/input.ts';
import { LONGEST_ATTEMPT, type ToolContext, type ToolOptions } from '../define/tool.ts';
import { insideWorkflow } from '../engine/verbs.ts';
import type { Turnstile } from '../lib/turnstile.ts';
import { OutsideCall } from './outside-call.ts';
import { runStep, type StepRunner, withinTime } from './step.ts';
import { transactionalContext } from './tool-context.ts';

export interface ToolRunner extends StepRunner {
  /** Where receipts are kept. */
  db: Knex;
}

/** A tool of the app. */
export interface Tool {
  name: string;
  options: ToolOptions;
  method: (args: unknown, context: ToolContext) => Promise<unknown>;
  /** Where its calls wait their turn, if only so many may be made at a time. */
  places?: Turnstile | undefined;
}

/**
 * Calls a tool from a workflow's body, and records its outcome.
 * @throws TerminalError `invalid_tool_arguments`, naming the field; HoldfastError `not_in_workflow`; what the tool's method throws
 */
export async function runTool(runner: ToolRunner, tool: Tool, args: unknown): Promise<unknown> {
  if (!insideWorkflow()) {
    throw new HoldfastError(
      'not_in_workflow',
      `The tool '${tool.name}' was called outside the body of a workflow or an agent: its calls belong to a run.`,
    );
  }
  const checked = checkedArguments(tool, args);
  const { name, options, method } = tool;
  if (options.effect === 'transactional') {
    return runner.checkpoints.transaction(name, { isolation: options.isolation }, async (identity) => {
      const attempt = (): Promise<unknown> => method(checked, transactionalContext(name, identity));
      return assertFits(name, await withinTime(name, LONGEST_ATTEMPT, attempt), true);
    });
  }
  const call = new OutsideCall(runner, tool, args, checked);
  return runStep(runner, {
    name,
    options: { timeout: LONGEST_ATTEMPT, ...options },
    places: tool.places,
    body: () => call.attempt(),
    settle: (signal) => call.settle(signal),
    giveUp: (error) => call.giveUp(error),
  });
}

/** Returns `args` as the tool's schema understands them. @throws TerminalError `invalid_tool_arguments`, naming the field */
export function checkedArguments({ name, options }: Tool, args: unknown): unknown {
  const parsed = options.input.safeParse(args);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(inputIssues);
  throw new TerminalError(
    'invalid_tool_arguments',
    `The arguments of '${name}' do not fit: ${issues[0]!.pointer || 'they'}: ${issues[0]!.detail}.`,
    issues,
  );
}
