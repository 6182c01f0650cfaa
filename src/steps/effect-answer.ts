// What came back for a request: its answer behind a redirect, a hash of it, and whether an error leaves open that it was done.

import { createHash } from 'node:crypto';
import type { WholeRequest } from './effect-request.ts';

/** Answers up to this many bytes are hashed. */
const LONGEST_HASHED = 1024 * 1024;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const SECRET_HEADERS = ['authorization', 'cookie', 'proxy-authorization'];
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-length', 'content-location', 'content-type'];

/** Errors of the request's own connection that come before its first byte could leave: no such host, nobody there, not who it should be. */
const BEFORE_SENDING = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Returns whether the error of a `fetch` that follows no redirects says for certain that nothing was sent. */
export function certainlyUnsent(error: unknown): boolean {
  const cause = (error as { cause?: unknown } | null)?.cause;
  if (!(cause instanceof Error)) return false;
  // A host may have several addresses, each of which was tried.
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.every(beforeSending);
  return beforeSending(cause);
}

function beforeSending(error: unknown): boolean {
  const { code, syscall, message } = error as { code?: string; syscall?: string; message?: string };
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  return BEFORE_SENDING.has(code ?? '') || message === 'bad port';
}

/**
 * Returns the request that a redirect asks for, as the Fetch standard has it (section 4.5, HTTP-redirect fetch); undefined when the
 * answer is none, or leads nowhere that can be gone to.
 */
export function redirected({ request, body }: WholeRequest, answer: Response): Request | undefined {
  const location = answer.headers.get('location');
  if (!REDIRECTS.has(answer.status) || location === null || !URL.canParse(location, request.url)) return undefined;
  const url = new URL(location, request.url);
  const headers = new Headers(request.headers);
  if (url.origin !== new URL(request.url).origin) for (const name of SECRET_HEADERS) headers.delete(name);
  const { redirect, signal } = { redirect: 'follow', signal: request.signal } as const;
  const isPost = request.method === 'POST' && answer.status <= 302;
  if (!isPost && answer.status !== 303) {
    return new Request(url, { method: request.method, headers, signal, redirect, ...(body && { body }) });
  }
  for (const name of BODY_HEADERS) headers.delete(name);
  return new Request(url, { method: 'GET', headers, signal, redirect });
}

/**
 * Returns SHA-256 in hexadecimal of the answer's body when that is empty, or JSON of at most a megabyte; else null. Such an answer is of
 * use to its reader only as a whole, so waiting for its end delays nobody; others are handed on as they come. The body stays unread.
 */
export async function hashOfAnswer(answer: Response): Promise<string | null> {
  if (answer.body === null) return createHash('sha256').digest('hex');
  if (!JSON_TYPE.test(answer.headers.get('content-type') ?? '')) return null;
  if (Number(answer.headers.get('content-length') ?? 0) > LONGEST_HASHED) return null;
  const reader = answer.clone().body!.getReader();
  try {
    return await hashOf(reader);
  } catch {
    // Whoever reads the body meets the same error.
    return null;
  }
}

async function hashOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | null> {
  const hash = createHash('sha256');
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hash.digest('hex');
    length += value.length;
    if (length > LONGEST_HASHED) {
      // It ends when the other branch is read or cancelled too.
      reader.cancel().catch(() => {});
      return null;
    }
    hash.update(value);
  }
}
