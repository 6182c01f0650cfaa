// The fetch of a tool's body: the other side can recognise a repeat by its key, and we know afterwards what was sent and what was not.

import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { RetryableError, TerminalError } from '../core/errors.ts';
import { throughOutages } from '../postgres/outages.ts';
import { noteAnswer, noteSending, noteUnsent, type Sending } from '../store/effects.ts';
import { certainlyUnsent, hashOfAnswer, redirected } from './effect-answer.ts';
import { assertRepeatable, type FetchInit, type FetchInput, readWhole, type WholeRequest } from './effect-request.ts';
import { urlForPeople } from './effect-url.ts';

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

const KEY_HEADER = 'idempotency-key';
const TRACE_HEADER = 'traceparent';
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Returns a `fetch` for one execution of a tool's body. Requests get a `traceparent`, unless they have one. Those whose method is not
 * safe (RFC 9110, section 9.2.1) also get an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header, but as a bare token instead of
 * a quoted string, as most services want it): the step's key, followed by `-2`, `-3` and so on from the second request on. A receipt is
 * committed before they leave, and again before the answer is handed on. They fail as those of the global `fetch` do; besides with
 * @throws TerminalError `idempotency_key_given` when the request has such a header already, `request_not_repeatable` when its body is
 * a stream, `idempotency_key_reused` when an earlier attempt sent another request in its place, `run_over` when the call is being undone
 * @throws RetryableError `effect_superseded` when another attempt sent the request again before this one had its answer
 */
export function effectFetch(db: Knex, identity: EffectIdentity): typeof globalThis.fetch {
  let requests = 0;
  return async (input, init) => {
    assertRepeatable(init, identity.tool);
    const request = traced(input, init, identity.traceparent);
    const signal = signalOf(input, init, identity.signal);
    if (SAFE_METHODS.has(request.method) || !/^https?:/.test(request.url)) return fetch(request, { signal });
    assertNoKey(request, identity.tool);
    // Counted before anything is awaited, so that requests that are under way together are numbered in the order of the calls.
    requests += 1;
    return sendWithReceipt(db, { ...identity, signal }, request, requests);
  };
}

function traced(input: FetchInput, init: FetchInit, traceparent: string): Request {
  const request = new Request(input, init);
  if (traceparent !== '' && !request.headers.has(TRACE_HEADER)) request.headers.set(TRACE_HEADER, traceparent);
  return request;
}

function signalOf(input: FetchInput, init: FetchInit, own: AbortSignal): AbortSignal {
  const given = init?.signal === undefined && input instanceof Request ? input.signal : init?.signal;
  return given ? AbortSignal.any([given, own]) : own;
}

function assertNoKey(request: Request, tool: string): void {
  if (!request.headers.has(KEY_HEADER)) return;
  throw new TerminalError(
    'idempotency_key_given',
    `The tool ${tool} sets the header Idempotency-Key itself for ${request.method} ${urlForPeople(request.url)}. Leave it out: the tool's fetch sets one that stays the same over retries and crashes.`,
  );
}

/** `identity` has the signal of this one request. */
async function sendWithReceipt(
  db: Knex,
  identity: EffectIdentity,
  request: Request,
  ordinal: number,
): Promise<Response> {
  const { runId, stepId, tool, signal } = identity;
  const key = ordinal === 1 ? identity.key : `${identity.key}-${ordinal}`;
  const whole = await readWhole(request, key);
  whole.request.headers.set(KEY_HEADER, key);
  const { method, url } = request;
  const sending = { id: randomUUID(), key, runId, stepId, ordinal, tool, method, url: urlForPeople(url) };
  signal.throwIfAborted();
  const noted = await throughOutages(() => noteSending(db, { ...sending, requestHash: whole.hash }), signal);
  if (noted === 'reused') throw reused(sending);
  if (noted === 'closed') throw runOver(runId, tool);
  const answer = await send(db, sending, whole, signal);
  const hash = await hashOfAnswer(answer);
  const isNoted = await throughOutages(() => noteAnswer(db, sending, answer.status, hash), signal);
  if (!isNoted) throw superseded(sending, identity.attempt);
  return answer;
}

/**
 * Returns the answer. The first request follows no redirect by itself: an error of a later one would read as if nothing had been sent.
 */
async function send(
  db: Knex,
  sending: Pick<Sending, 'key' | 'id'>,
  whole: WholeRequest,
  signal: AbortSignal,
): Promise<Response> {
  const { request } = whole;
  const isFollowing = request.redirect === 'follow';
  // Aborted while the receipt was written: fetch would say so too, but not that nothing was sent.
  if (signal.aborted) await throughOutages(() => noteUnsent(db, sending), signal);
  const first = fetch(request, { signal, redirect: isFollowing ? 'manual' : request.redirect });
  const answer = await first.catch(async (error: unknown) => {
    if (!signal.aborted && certainlyUnsent(error)) await throughOutages(() => noteUnsent(db, sending), signal);
    throw error;
  });
  const next = isFollowing ? redirected(whole, answer) : undefined;
  if (!next) return answer;
  await answer.body?.cancel();
  return fetch(next, { signal });
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
