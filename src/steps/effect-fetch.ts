// The fetch of a tool's body: the other side can recognise a repeat by its key, and we know afterwards what was sent and what was not.

import type { Knex } from 'knex';
import { TerminalError } from '../core/errors.ts';
import { certainlyUnsent, hashOfAnswer, redirected } from './effect-answer.ts';
import { assertRepeatable, type FetchInit, type FetchInput, readWhole, type WholeRequest } from './effect-request.ts';
import { urlForPeople } from './effect-url.ts';
import { type EffectIdentity, type Unsent, withReceipt } from './receipt.ts';

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
  const key = ordinal === 1 ? identity.key : `${identity.key}-${ordinal}`;
  const whole = await readWhole(request, key);
  whole.request.headers.set(KEY_HEADER, key);
  const { method, url } = request;
  const outgoing = { key, ordinal, method, url: urlForPeople(url), requestHash: whole.hash };
  return withReceipt(db, identity, outgoing, async (unsent) => {
    const answer = await send(whole, identity.signal, unsent);
    return { value: answer, status: answer.status, hash: await hashOfAnswer(answer) };
  });
}

/**
 * Returns the answer. The first request follows no redirect by itself: an error of a later one would read as if nothing had been sent.
 */
async function send(whole: WholeRequest, signal: AbortSignal, unsent: Unsent): Promise<Response> {
  const { request } = whole;
  const isFollowing = request.redirect === 'follow';
  // Aborted while the receipt was written: fetch would say so too, but not that nothing was sent.
  if (signal.aborted) await unsent();
  const first = fetch(request, { signal, redirect: isFollowing ? 'manual' : request.redirect });
  const answer = await first.catch(async (error: unknown) => {
    if (!signal.aborted && certainlyUnsent(error)) await unsent();
    throw error;
  });
  const next = isFollowing ? redirected(whole, answer) : undefined;
  if (!next) return answer;
  await answer.body?.cancel();
  return fetch(next, { signal });
}
