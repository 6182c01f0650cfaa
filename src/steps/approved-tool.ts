// A call of a tool that people have to approve: asked first, and then made with what was approved.

import { SuperJSON } from 'superjson';
import { plainJson } from '../core/plain-json.ts';
import { inputHash } from '../core/run-id.ts';
import { insideWorkflow } from '../engine/verbs.ts';
import { askPeople, assertAskedBy, type Subject } from './approval.ts';
import type { Noticing } from './notice.ts';
import { checkedArguments, runTool, type Tool, type ToolRunner } from './tool.ts';

/**
 * Calls a tool from a workflow's body, and records its outcome; where it needs people's approval, only once that is given.
 * @throws as `runTool`; TerminalError `approval_rejected`, `approval_expired`, `approval_changed`, `approval_not_found`; InvalidInput
 *   `invalid_approval`
 */
export async function runApprovedTool(runner: ToolRunner & Noticing, tool: Tool, args: unknown): Promise<unknown> {
  if (tool.options.approval === undefined || !insideWorkflow()) return runTool(runner, tool, args);
  const answer = await askPeople(runner, subjectOf(tool, args));
  if (!answer) return runTool(runner, tool, args);
  const { approval, decided } = answer;
  return runTool(runner, withApproval(tool, approval), decided.taken ? decided.taken.arguments : args);
}

/** A run that was forked from the one that asked has the decision in its history. It has the call's outcome, too, or must not call. */
function withApproval(tool: Tool, approval: string): Tool {
  const method: Tool['method'] = async (args, context) => {
    assertAskedBy(context.runId, approval);
    return tool.method(args, context);
  };
  return { ...tool, method };
}

function subjectOf(tool: Tool, given: unknown): Subject {
  const { name, options } = tool;
  const approval = options.approval!;
  return {
    steps: { ask: `approval of ${name}`, notice: `notice of ${name}`, decision: `decision on ${name}` },
    tool: name,
    question: `May ${name} be called?`,
    given,
    put: () => {
      const checked = checkedArguments(tool, given);
      const rule = typeof approval === 'function' ? approval(checked) : approval;
      return { rule, shown: shownOf(tool, given, checked) };
    },
    meaning: (args) => meaningOf(tool, args),
    mustApprove: true,
  };
}

/**
 * Returns as plain JSON what people are shown of a call with `args`, which are `checked` after the schema: what the tool will get, and
 * not what its schema drops or fills in; but for schemas that make something else of what they have made, once that is JSON.
 */
export function shownOf(tool: Tool, args: unknown, checked: unknown): unknown {
  const plain = plainJson(checked);
  try {
    if (exactHash(checkedArguments(tool, plain)) === exactHash(checked)) return plain;
  } catch {
    // The schema takes something else than it makes.
  }
  return plainJson(args);
}

/** Returns as plain JSON what this build calls the tool with when it gets `args`. @throws TerminalError `invalid_tool_arguments` */
export function meaningOf(tool: Tool, args: unknown): unknown {
  return plainJson(checkedArguments(tool, args));
}

/** Other than in plain JSON, a date is no text, and a map no list. */
function exactHash(value: unknown): string {
  return inputHash(SuperJSON.serialize(value));
}
