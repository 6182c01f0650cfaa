// What an error of a call says: that the server answered, that nothing was sent, or that nobody knows.

import { ProtocolError, ProtocolErrorCode, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { HoldfastError, RetryableError, TerminalError } from '../core/errors.ts';
import { certainlyUnsent } from '../steps/effect-answer.ts';
import { inputRequired, shortened } from './result.ts';

/** Where a call went, for messages to people. */
export interface Where {
  server: string;
  address: string;
  tool: string;
}

/** What became of a call that failed. `status` is that of HTTP. */
export type Fate =
  | { kind: 'answered'; status: number; error: HoldfastError }
  | { kind: 'unsent'; error: HoldfastError }
  | { kind: 'unknown'; error: HoldfastError };

/** JSON-RPC: the server itself failed. */
const INTERNAL_ERROR: number = ProtocolErrorCode.InternalError;
/** JSON-RPC: the server wants from people what this client has not said that it can ask them. */
const WANTS_INPUT = new Set<number>([
  ProtocolErrorCode.MissingRequiredClientCapability,
  ProtocolErrorCode.UrlElicitationRequired,
]);
const INVALID_ANSWERS = new Set<string>([SdkErrorCode.InvalidResult, SdkErrorCode.UnsupportedResultType]);

/** Returns what `error`, with which a call failed, says of it. */
export function fateOf(error: unknown, where: Where): Fate {
  if (error instanceof HoldfastError) return ownFate(error);
  if (error instanceof ProtocolError) {
    if (WANTS_INPUT.has(error.code)) return { kind: 'answered', status: 400, error: inputRequired(where.tool) };
    const status = error.code === INTERNAL_ERROR ? 500 : 400;
    const message = `The MCP server '${where.server}' refused '${where.tool}' with error ${error.code}: ${shortened(error.message)}`;
    return { kind: 'answered', status, error: new TerminalError('mcp_error', message) };
  }
  const status = statusOf(error);
  if (status !== undefined) return { kind: 'answered', status, error: httpError(status, where) };
  if (error instanceof SdkError && INVALID_ANSWERS.has(error.code)) {
    const message = `The MCP server '${where.server}' answered '${where.tool}' with what is no result of a tool.`;
    return { kind: 'answered', status: 200, error: new TerminalError('mcp_error', message) };
  }
  if (certainlyUnsent(error) || isNotConnected(error)) return { kind: 'unsent', error: unreachable(error, where) };
  return { kind: 'unknown', error: answerLost(where) };
}

/** Of our own errors, one says that there was an answer, one that it will not come, and one that nothing was sent. */
function ownFate(error: HoldfastError): Fate {
  if (error instanceof TerminalError) return { kind: 'answered', status: 200, error };
  return { kind: error.code === 'mcp_headers_failed' ? 'unsent' : 'unknown', error };
}

/** Returns the HTTP status of a request that a server refused, or undefined. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof SdkHttpError ? (error.data as { status?: number } | undefined)?.status : undefined;
}

/** Returns the error of a server that was not reached, or that answered something else than its protocol wants. */
export function unreachable(error: unknown, where: Omit<Where, 'tool'>): HoldfastError {
  const status = statusOf(error);
  if (status !== undefined) return httpError(status, where);
  const { message, cause } = error as Error;
  const why = cause instanceof Error && cause.message ? cause.message : message;
  return new RetryableError(
    'mcp_unavailable',
    `The MCP server '${where.server}' (${where.address}) cannot be used now: ${why.slice(0, 200)}`,
  );
}

/** Returns the error of a call whose answer will not come. */
export function answerLost({ server, tool }: Where): RetryableError {
  return new RetryableError(
    'mcp_answer_lost',
    `The MCP server '${server}' was asked for '${tool}', but the connection broke before its answer came.`,
  );
}

/** Returns the error of a call whose answer has more bytes than are read. */
export function answerTooLarge({ tool }: Where): TerminalError {
  const message = `The MCP server's answer to '${tool}' is too large to be taken. What it did is done all the same. Ask it for less.`;
  return new TerminalError('tool_result_too_large', message);
}

function httpError(status: number, { server, address }: Omit<Where, 'tool'>): HoldfastError {
  const message = `The MCP server '${server}' (${address}) answered with HTTP status ${status}.`;
  if (status === 401 || status === 403) {
    return new TerminalError('mcp_refused', `${message} Look at the headers that mcpTools() was given.`);
  }
  const mayPass = status >= 500 || status === 404 || status === 408 || status === 429;
  return mayPass ? new RetryableError('mcp_unavailable', message) : new TerminalError('mcp_error', message);
}

function isNotConnected(error: unknown): boolean {
  return (
    (error as Error).message === 'Not connected' ||
    (error instanceof SdkError && error.code === SdkErrorCode.NotConnected)
  );
}
