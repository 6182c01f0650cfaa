// What happens next in an agent's run: a pure function of what has happened, so that a replay decides the same.

import type { Ceilings } from './agent-limits.ts';

/** A tool call as the model made it. */
export interface ToolCall {
  id: string;
  name: string;
  args: unknown;
}

/** What the model answered, as far as decisions depend on it. */
export interface Answer {
  calls: readonly ToolCall[];
  text: string;
  finishReason: string;
  tokens: number;
}

/** What became of a tool call: the tool's result, its error, or a refusal before it was called. */
export type Outcome =
  | { status: 'done'; value: unknown }
  | { status: 'failed'; code: string; message: string }
  | { status: 'refused'; code: string; message: string };

/** Why an agent ends without a result. */
export interface Failure {
  code: string;
  /** What to say after the agent's name. */
  message: string;
  details: Record<string, unknown>;
}

/** What an agent has done so far. */
export interface Progress {
  turns: number;
  toolCalls: number;
  tokens: number;
  /** How often the model was told that its final answer does not fit. */
  repairs: number;
  /** Tools whose last call was refused. */
  refused: readonly string[];
  /** The last call together with its outcome, and how often in a row it was the same. */
  repeated: { signature: string; times: number };
}

/** What follows the model's answer. */
export type Next = { act: 'call' } | { act: 'finish' } | { act: 'fail'; failure: Failure };

export const BEGINNING: Progress = {
  turns: 0,
  toolCalls: 0,
  tokens: 0,
  repairs: 0,
  refused: [],
  repeated: { signature: '', times: 0 },
};

/** The same call with the same outcome this often in a row is a loop. */
const LOOP_LENGTH = 5;
const MOST_REPAIRS = 2;
/** How many issues are named to the model, which has to read them all. */
const NAMED_ISSUES = 10;

/** Returns the limit that keeps the model from being asked (again), if one does. `elapsedMs` is what the agent took so far. */
export function limitReached(done: Progress, ceilings: Ceilings, elapsedMs: number): Failure | undefined {
  if (done.turns >= ceilings.turns) {
    return limit('agent_turn_limit', 'model calls', ceilings.turns, done.turns);
  }
  if (done.tokens >= ceilings.tokens) {
    return limit('agent_token_limit', 'tokens', ceilings.tokens, done.tokens);
  }
  if (elapsedMs >= ceilings.wallMs) {
    return limit('agent_wall_limit', 'milliseconds', ceilings.wallMs, elapsedMs);
  }
  return undefined;
}

/** Returns the progress with the model's answer in it. */
export function withAnswer(done: Progress, answer: Answer): Progress {
  return {
    ...done,
    turns: done.turns + 1,
    toolCalls: done.toolCalls + answer.calls.length,
    tokens: done.tokens + answer.tokens,
  };
}

/** Returns the progress with tokens that were spent besides the model's answers. */
export function withTokens(done: Progress, tokens: number): Progress {
  return { ...done, tokens: done.tokens + tokens };
}

/**
 * Returns what follows `answer`, which is counted in `done` already. No tool is called whose result nobody would read: limits are
 * looked at before. With `hasOutput` the final answer is checked against a schema, which finds out by itself whether it is whole.
 */
export function afterAnswer(done: Progress, answer: Answer, ceilings: Ceilings, hasOutput: boolean): Next {
  if (answer.calls.length > 0) {
    if (done.toolCalls > ceilings.toolCalls) {
      return fail(limit('agent_tool_call_limit', 'tool calls', ceilings.toolCalls, done.toolCalls));
    }
    const failure = limitReached(done, ceilings, 0);
    return failure ? fail(failure) : { act: 'call' };
  }
  const isCut = answer.finishReason === 'length' || answer.finishReason === 'content-filter';
  return isCut && !hasOutput ? fail(incomplete(answer.finishReason)) : { act: 'finish' };
}

/** Returns the progress with the outcomes of a turn's calls, and the loop that they are part of, if they are. */
export function afterCalls(
  done: Progress,
  calls: readonly ToolCall[],
  outcomes: readonly Outcome[],
): { done: Progress; loop: Failure | undefined } {
  let { refused, repeated } = done;
  let loop: Failure | undefined;
  for (const [index, call] of calls.entries()) {
    const outcome = outcomes[index]!;
    const others = refused.filter((name) => name !== call.name);
    refused = outcome.status === 'refused' ? [...others, call.name] : others;
    const signature = signatureOf(call, outcome);
    repeated = { signature, times: signature === repeated.signature ? repeated.times + 1 : 1 };
    if (repeated.times >= LOOP_LENGTH) loop ??= loopOf(call, repeated.times);
  }
  return { done: { ...done, refused, repeated }, loop };
}

/** What is wrong with a tool call before it is made. */
export type Problem =
  | { kind: 'no_such_tool'; known: readonly string[] }
  | { kind: 'too_deep'; most: number }
  | { kind: 'not_json' }
  | { kind: 'too_large'; characters: number; most: number }
  | { kind: 'not_recordable'; issues: readonly Issue[] }
  | { kind: 'does_not_fit'; issues: readonly Issue[] };

/** One thing that is wrong with a value: where (a JSON pointer, RFC 6901; empty for the whole) and what. */
export interface Issue {
  pointer: string;
  detail: string;
}

/**
 * Returns the refusals of a turn's calls in their order, undefined for those that may be made. The second refusal in a row of the same
 * tool is an error that the model is asked to deal with otherwise than by another try.
 */
export function refusals(
  done: Progress,
  calls: readonly ToolCall[],
  problems: readonly (Problem | undefined)[],
): (Extract<Outcome, { status: 'refused' }> | undefined)[] {
  const refused = new Set(done.refused);
  return calls.map(({ name }, index) => {
    const problem = problems[index];
    const isAgain = refused.has(name);
    if (!problem) {
      refused.delete(name);
      return undefined;
    }
    refused.add(name);
    return { status: 'refused', ...refusalOf(name, problem, isAgain) };
  });
}

function refusalOf(name: string, problem: Problem, isAgain: boolean): { code: string; message: string } {
  if (problem.kind === 'no_such_tool') {
    const known = problem.known.length > 0 ? `There are: ${problem.known.join(', ')}.` : 'There are no tools.';
    return { code: 'unknown_tool', message: `There is no tool '${name}'. ${known}` };
  }
  if (problem.kind === 'too_deep') {
    const message = `'${name}' cannot be called here: agents may start one another ${problem.most} deep, and this is the deepest. Do without it.`;
    return { code: 'agent_too_deep', message };
  }
  const advice = isAgain
    ? 'This is not the first time: do something else, or end with an answer that says what is missing.'
    : 'Correct them and call the tool again.';
  return { code: 'invalid_arguments', message: `The arguments of '${name}' ${wrongWith(problem)}. ${advice}` };
}

function wrongWith(problem: Exclude<Problem, { kind: 'no_such_tool' | 'too_deep' }>): string {
  if (problem.kind === 'not_json') return 'are not valid JSON';
  if (problem.kind === 'too_large') {
    return `have ${problem.characters} characters, and at most ${problem.most} are taken`;
  }
  return `do not fit: ${worded(problem.issues)}`;
}

/** Returns what follows a final answer that does not fit: words for the model, or after two repairs the end. */
export function afterMisfit(
  done: Progress,
  issues: readonly Issue[],
): { act: 'repair'; done: Progress; message: string } | { act: 'fail'; failure: Failure } {
  const found = worded(issues);
  if (done.repairs < MOST_REPAIRS) {
    const message = `Your answer does not fit the JSON schema of the result: ${found}. Answer again with the corrected JSON value and nothing else.`;
    return { act: 'repair', done: { ...done, repairs: done.repairs + 1 }, message };
  }
  return fail({
    code: 'agent_output_invalid',
    message: `has no valid answer: the last one still does not fit its output schema after ${MOST_REPAIRS} repairs: ${found}.`,
    details: { issues: [...issues], repairs: MOST_REPAIRS },
  });
}

function worded(issues: readonly Issue[]): string {
  const named = issues.slice(0, NAMED_ISSUES).map(({ pointer, detail }) => `${pointer || 'the value'}: ${detail}`);
  const more = issues.length > NAMED_ISSUES ? `; and ${issues.length - NAMED_ISSUES} more` : '';
  return named.join('; ') + more;
}

function fail(failure: Failure): { act: 'fail'; failure: Failure } {
  return { act: 'fail', failure };
}

function limit(code: string, what: string, most: number, count: number): Failure {
  return {
    code,
    message: `was stopped: its limit is ${most} ${what}, and it is at ${count}. Raise the limit if the task needs more.`,
    details: { limit: most, count },
  };
}

function incomplete(finishReason: string): Failure {
  return {
    code: 'agent_answer_incomplete',
    message: `has no whole answer: the model ended its last one with '${finishReason}'.`,
    details: { finishReason },
  };
}

function loopOf({ name }: ToolCall, times: number): Failure {
  return {
    code: 'agent_loop_detected',
    message: `was stopped: it called '${name}' ${times} times in a row with the same arguments and the same outcome.`,
    details: { tool: name, times },
  };
}

/** Refusals are worded otherwise the second time, so that their words say nothing about sameness. */
function signatureOf({ name, args }: ToolCall, outcome: Outcome): string {
  const result = outcome.status === 'refused' ? { status: outcome.status, code: outcome.code } : outcome;
  return JSON.stringify([name, args, result], sortedKeys);
}

/** For `JSON.stringify`: objects are the same whatever the order of their keys. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
