// A receipt around what is sent outside: committed before it leaves, and again before its answer is handed on.

import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { RetryableError, TerminalError } from '../core/errors.ts';
import { throughOutages } from '../postgres/outages.ts';
import { noteAnswer, noteSending, noteUnsent, type Sending } from '../store/effects.ts';

/** On whose behalf requests are sent: one execution of the body of a tool. */
export interface EffectIdentity {
  runId: string;
  stepId: number;
  tool: string;
  /** The key of the step: the same on every attempt. */
  key: string;
  attempt: number;
  /** Aborted when the attempt's time is up, or the run was cancelled. */
  signal: AbortSignal;
  /** The W3C trace context of the step; empty when there is none. */
  traceparent: string;
}

/** What is about to be sent, as the receipt has it. */
export interface Outgoing {
  key: string;
  /** Counts what one execution of a body sends, from 1. */
  ordinal: number;
  method: string;
  /** Without what may be secret in it. */
  url: string;
  /** Of all that makes it this request and no other: another one under the same key is refused. */
  requestHash: string;
}

/** What came back. */
export interface Answer<T> {
  value: T;
  /** As of HTTP: from 400 on nothing was done; after 502 and 504 nobody knows. */
  status: number;
  /** SHA-256 of the answer in hexadecimal; null where it was not taken. */
  hash: string | null;
}

/** Notes that what was to be sent has certainly not left. */
export type Unsent = () => Promise<void>;

/**
 * Sends with `send`, and returns the value of the answer.
 * @throws TerminalError `idempotency_key_reused` when an earlier attempt sent something else under the key, `run_over` when the call is
 * being undone
 * @throws RetryableError `effect_superseded` when another attempt sent it again before this one had its answer
 */
export async function withReceipt<T>(
  db: Knex,
  { runId, stepId, tool, attempt, signal }: Omit<EffectIdentity, 'key' | 'traceparent'>,
  outgoing: Outgoing,
  send: (unsent: Unsent) => Promise<Answer<T>>,
): Promise<T> {
  const sending: Sending = { id: randomUUID(), runId, stepId, tool, ...outgoing };
  signal.throwIfAborted();
  const noted = await throughOutages(() => noteSending(db, sending), signal);
  if (noted === 'reused') throw reused(sending);
  if (noted === 'closed') throw runOver(runId, tool);
  const { value, status, hash } = await send(() =>
    throughOutages(() => noteUnsent(db, sending), signal).then(() => {}),
  );
  const isNoted = await throughOutages(() => noteAnswer(db, sending, status, hash), signal);
  if (!isNoted) throw superseded(sending, attempt);
  return value;
}

type Named = Pick<Sending, 'tool' | 'key' | 'method' | 'url'>;

function reused({ tool, key, method, url }: Named): TerminalError {
  return new TerminalError(
    'idempotency_key_reused',
    `The tool ${tool} was to send ${method} ${url} under the key ${key}, but has sent another request under it before. The body of a tool must send the same requests in the same order on each attempt: take times, ids and random values from its arguments.`,
    { tool, key },
  );
}

/** Returns the error of a call that goes on although its run does not. */
export function runOver(runId: string, tool: string): TerminalError {
  return new TerminalError(
    'run_over',
    `The tool ${tool} was to act for run '${runId}', which is over and may have been unwound: nothing is sent for it any more.`,
  );
}

function superseded({ tool, key, method, url }: Named, attempt: number): RetryableError {
  return new RetryableError(
    'effect_superseded',
    `Attempt ${attempt} of the tool ${tool} got the answer to ${method} ${url} (key ${key}) after another attempt had sent it again, or its run was removed. That attempt's answer counts.`,
    { details: { tool, key } },
  );
}
