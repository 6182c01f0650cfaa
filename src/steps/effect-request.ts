// A request in a form that can be sent again and compared: with all bytes of its body, and a hash.

import { createHash } from 'node:crypto';
import { TerminalError } from '../core/errors.ts';

/** The first parameters of `fetch`. */
export type FetchInput = Parameters<typeof globalThis.fetch>[0];
export type FetchInit = Parameters<typeof globalThis.fetch>[1];

/** A request whose body is at hand as a whole. */
export interface WholeRequest {
  request: Request;
  /** Undefined when it has no body. */
  body: Uint8Array<ArrayBuffer> | undefined;
  /** SHA-256 of method, URL, content type and body, in hexadecimal. */
  hash: string;
}

/** How Node begins the random boundary of a form. */
const RANDOM_BOUNDARY = /^(multipart\/form-data; *boundary=)(-+formdata-undici-\d+)$/;

/**
 * Refuses a body that can be read only once: nobody could send the same again, after a crash least of all.
 * @throws TerminalError `request_not_repeatable`
 */
export function assertRepeatable(init: FetchInit, tool: string): void {
  const body: unknown = init?.body;
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) return;
  throw new TerminalError(
    'request_not_repeatable',
    `The tool ${tool} sends a stream. A later attempt has to send the same again, which it cannot: give the body as a string, bytes, a Blob, URLSearchParams or FormData.`,
  );
}

/** Reads the body of `request` to its end. Returns the request with the body, always the same for the same content and `key`. */
export async function readWhole(request: Request, key: string): Promise<WholeRequest> {
  const read = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  const headers = new Headers(request.headers);
  const body = read && withFixedBoundary(headers, read, key);
  const about = [request.method, request.url, headers.get('content-type')];
  const hash = createHash('sha256').update(`${JSON.stringify(about)}\n`);
  if (body) hash.update(body);
  return { request: new Request(request, { headers, ...(body && { body }) }), body, hash: hash.digest('hex') };
}

/** A form gets a new boundary each time that it is written down; one that is made of the key takes its place in header and body. */
function withFixedBoundary(headers: Headers, body: Buffer<ArrayBuffer>, key: string): Uint8Array<ArrayBuffer> {
  const [, type, boundary] = RANDOM_BOUNDARY.exec(headers.get('content-type') ?? '') ?? [];
  if (type === undefined || boundary === undefined) return body;
  const fixed = `holdfast-${createHash('sha256').update(key).digest('hex')}`;
  headers.set('content-type', `${type}${fixed}`);
  return Buffer.from(body.toString('latin1').replaceAll(boundary, fixed), 'latin1');
}
