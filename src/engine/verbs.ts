// The durable verbs of workflow bodies, on the SDK's own: time, chance, waiting and messages are recorded once and replayed.

import { DBOS } from '@dbos-inc/dbos-sdk';
import type { z } from 'zod';
import { type Duration, toMilliseconds } from '../core/duration.ts';
import { HoldfastError, TerminalError } from '../core/errors.ts';
import { assertSerializable } from '../core/serializable.ts';
import { assertTopic } from '../core/topic.ts';
import { inputIssues } from '../define/input.ts';
import { runBranches } from './parallel.ts';
import { orHeld } from './unfit.ts';

/** Longer than any wait that somebody means: `waitFor` without a timeout. */
const FOREVER_SECONDS = 100 * 365 * 24 * 3600;

/** The stream of a run that `progress` writes to. */
const PROGRESS_STREAM = 'progress';

/** Tells whether the caller is a workflow's body (not a step inside one, nor outside of any run). */
export function insideWorkflow(): boolean {
  return DBOS.isInWorkflow();
}

/** Returns the id of the run that the caller belongs to, or undefined outside of any. */
export function currentRunId(): string | undefined {
  return DBOS.workflowID;
}

/**
 * Waits for `duration`, or until a date. The deadline is recorded first, so that a crash or a deploy does not begin the wait anew.
 * @throws InvalidInput `invalid_duration`
 */
export async function sleep(duration: Duration | Date): Promise<void> {
  mustBeInside('sleep');
  const ms = duration instanceof Date ? duration.getTime() - (await now()) : toMilliseconds(duration);
  await orHeld(() => DBOS.sleep(Math.max(0, ms)));
}

/** Returns the time in milliseconds since 1970; inside a workflow it is recorded, so that a replay sees the same. */
export function now(): Promise<number> {
  return orHeld(() => DBOS.now());
}

/** Returns a random number in [0, 1); inside a workflow it is recorded, so that a replay sees the same. */
export function random(): Promise<number> {
  return orHeld(() => DBOS.runStep(async () => Math.random(), { name: 'random' }));
}

/** Returns a random UUID (version 4, RFC 9562); inside a workflow it is recorded, so that a replay sees the same. */
export function uuid(): Promise<string> {
  return orHeld(() => DBOS.randomUUID());
}

/**
 * Waits for the next message on `topic` and returns it, or undefined when none came within `timeout`. Messages are sent with
 * `POST /v1/runs/{id}/messages/{topic}`; those that came before the wait are kept, and each is received once.
 * @throws TerminalError `invalid_message`, naming the field, when the message does not fit `schema`; InvalidInput `invalid_topic`
 */
export async function waitFor<S extends z.ZodType = z.ZodType>(
  topic: string,
  options: { schema?: S; timeout?: Duration } = {},
): Promise<z.output<S> | undefined> {
  mustBeInside('waitFor');
  assertTopic(topic);
  const timeoutSeconds = options.timeout === undefined ? FOREVER_SECONDS : toMilliseconds(options.timeout) / 1000;
  const message = await orHeld(() => DBOS.recv<{ body: unknown }>(topic, { timeoutSeconds }));
  if (message === null) return undefined;
  if (!options.schema) return message.body as z.output<S>;
  const parsed = options.schema.safeParse(message.body);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(inputIssues);
  throw new TerminalError(
    'invalid_message',
    `The message on topic '${topic}' does not fit: ${issues[0]!.pointer || 'it'}: ${issues[0]!.detail}.`,
    issues,
  );
}

/** Publishes `value` to whoever follows the run's events. Inside a workflow each value is published once, in order. */
export async function progress(value: unknown): Promise<void> {
  assertSerializable(value, 'A progress value');
  await orHeld(() => DBOS.writeStream(PROGRESS_STREAM, value));
}

/**
 * Runs `fn` for every item at the same time, at most `limit` of them, and returns the results in the order of the items. A branch
 * may take several steps: each branch numbers its own. When branches fail, the others are run to their end, and then the first
 * failure in the order of the items is thrown; catch inside `fn` to keep partial results.
 */
export async function parallel<Item, Result>(
  items: readonly Item[],
  fn: (item: Item, index: number) => Promise<Result>,
  options: { limit?: number } = {},
): Promise<Result[]> {
  mustBeInside('parallel');
  const limit = options.limit ?? Infinity;
  if (!(limit >= 1))
    throw new TerminalError(
      'invalid_limit',
      `parallel() cannot run ${limit} branches at a time: limit must be 1 or more.`,
    );
  return runBranches(items, fn, limit);
}

function mustBeInside(verb: string): void {
  if (DBOS.isInWorkflow()) return;
  throw new HoldfastError(
    'not_in_workflow',
    `${verb}() works in the body of a @workflow method only, not in a step nor outside of a run.`,
  );
}
