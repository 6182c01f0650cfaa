// Fetches a document from an address that somebody sent us: only over HTTP, only from the public network, only so much.

import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { RetryableError, TerminalError } from 'holdfast';
import { Agent, request, type Dispatcher } from 'undici';
import { isPublicAddress } from './addresses.ts';

export interface FetchOptions {
  /** Allows loopback and private addresses. */
  allowPrivate: boolean;
  maxBytes?: number;
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Resolves a name to its addresses; the system's by default. */
  lookup?: (host: string) => Promise<string[]>;
}

export interface FetchedDocument {
  bytes: Uint8Array;
  contentType: string | undefined;
}

const MAX_BYTES = 20 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const MOST_REDIRECTS = 5;

/**
 * Returns the document at `url`. Every host on the way, redirects included, is resolved once, checked, and connected to at the
 * address that was checked.
 * @throws TerminalError `url_invalid`, `url_forbidden_address`, `url_status`, `document_too_large`; RetryableError
 * `url_unreachable`, `url_status` (429 and 5xx), `url_timeout`
 */
export async function fetchDocument(url: string, options: FetchOptions): Promise<FetchedDocument> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  let address = parseUrl(url);
  try {
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const result = await fetchOnce(address, options, signal);
      if ('bytes' in result) return result;
      address = parseUrl(result.location, address);
    }
  } catch (error) {
    if (error instanceof TerminalError || error instanceof RetryableError) throw error;
    if (timeout.aborted)
      throw new RetryableError('url_timeout', `${address.host} did not send the document within its time limit.`);
    throw new RetryableError('url_unreachable', `${address.host} cannot be reached: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
  throw new TerminalError('url_status', `${address.host} redirects more than ${MOST_REDIRECTS} times.`);
}

async function fetchOnce(
  url: URL,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<FetchedDocument | { location: string }> {
  const target = await checkedAddress(url, options);
  const agent = new Agent({
    connect: { lookup: (_host, _options, done) => done(null, [{ address: target, family: isIP(target) }]) },
  });
  try {
    const answer = await request(url, {
      dispatcher: agent,
      signal,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'holdfast-documents' },
    });
    return await receive(url, answer, options.maxBytes ?? MAX_BYTES);
  } finally {
    await agent.destroy();
  }
}

async function receive(
  url: URL,
  answer: Dispatcher.ResponseData,
  maxBytes: number,
): Promise<FetchedDocument | { location: string }> {
  const { statusCode, headers } = answer;
  const location = headers.location;
  if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') return { location };
  if (statusCode !== 200) throw refused(url, statusCode, headers['retry-after']);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes)
      throw new TerminalError(
        'document_too_large',
        `The document at ${url.host} has more than ${maxBytes} bytes, which are the limit.`,
      );
    chunks.push(chunk);
  }
  const type = headers['content-type'];
  return {
    bytes: Buffer.concat(chunks),
    contentType: typeof type === 'string' ? type : undefined,
  };
}

function refused(url: URL, status: number, retryAfter: string | string[] | undefined): Error {
  const message = `${url.host} answered with status ${status} instead of the document.`;
  if (status !== 429 && status < 500) return new TerminalError('url_status', message);
  const seconds = Number(retryAfter);
  return new RetryableError('url_status', message, Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {});
}

/** Returns the address; `base` is the one that led to it, if any. */
function parseUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href) ?? undefined;
  if (!url)
    throw new TerminalError(
      'url_invalid',
      base
        ? `${base.host} redirects to '${text.slice(0, 200)}', which is not an address.`
        : `'${text.slice(0, 200)}' is not an address: give one that begins with http:// or https://.`,
    );
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TerminalError(
      'url_invalid',
      `Documents are fetched over http and https only, not ${url.protocol.slice(0, -1)}.`,
    );
  }
  if (url.username !== '' || url.password !== '')
    throw new TerminalError(
      'url_invalid',
      'The address holds a user name or a password: documents are fetched without.',
    );
  return url;
}

/** The URL parser has already turned decimal, octal and hexadecimal spellings into the usual one. */
async function checkedAddress(url: URL, { allowPrivate, lookup = systemAddresses }: FetchOptions): Promise<string> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(host) ? [host] : await lookup(host);
  const forbidden = addresses.find((address) => !isPublicAddress(address));
  if (forbidden !== undefined && !allowPrivate) {
    throw new TerminalError(
      'url_forbidden_address',
      `${host} leads to ${forbidden}, which is not on the public network. Set HOLDFAST_DOCUMENTS_ALLOW_PRIVATE_URLS=1 to allow such addresses.`,
    );
  }
  const first = addresses[0];
  if (first === undefined) throw new RetryableError('url_unreachable', `${host} has no address.`);
  return first;
}

async function systemAddresses(host: string): Promise<string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address);
}

function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return code ?? message;
}
