// What an author says of an MCP server: where it is, and which of its tools may be used, with their effects.

import type { Transport } from '@modelcontextprotocol/client';
import type { z } from 'zod';
import { InvalidInput } from '../core/errors.ts';
import type { CompensableTool, CompensationContext, IrreversibleTool, ReadTool, ToolContext } from '../define/tool.ts';

/** Calls another tool of the same server, in a compensation or a reconciliation, under a key of its own. */
export interface McpCalls {
  call: (tool: string, args: Record<string, unknown>) => Promise<unknown>;
}

type Args = Record<string, unknown>;

/** `T` without what the server says. */
type Undescribed<T> = T extends unknown
  ? Omit<T, 'name' | 'input' | 'description' | 'compensate' | 'reconcile'>
  : never;

interface Reconciled {
  /** As of `@tool`: finds out what became of a call. It can call other tools of the server. */
  reconcile?: (idempotencyKey: string, context: ToolContext & McpCalls) => Promise<unknown>;
}

interface Compensated extends Reconciled {
  /** As of `@tool`: undoes a call. It can call other tools of the server. `result` is undefined where the call may have acted without one. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what the server returns nobody knows here
  compensate: (result: any, args: Args, context: CompensationContext & McpCalls) => Promise<void>;
}

/** What is said of one tool of a server: the same as `@tool` takes, apart from what the server says. */
export type McpToolOptions = (
  | Undescribed<ReadTool<z.ZodType<Args>>>
  | (Undescribed<CompensableTool<z.ZodType<Args>, never>> & Compensated)
  | (Undescribed<IrreversibleTool<z.ZodType<Args>>> & Reconciled)
) & {
  /** Told to the model in place of the server's own words, which may change at any time. */
  description?: string;
};

interface Served<Name extends string> {
  /** Names the server in tools' names, timelines and messages: up to 40 letters, digits, `-` and `_`. Renaming it strands running work. */
  name: string;
  /** The tools that may be used, by the names that the server has for them. No others are offered to a model. */
  tools: Record<Name, McpToolOptions>;
}

/** Headers by their names. */
export type HeaderValues = Record<string, string>;

/** A server that is reached over HTTP ("Streamable HTTP"). */
export interface HttpServer {
  url: string | URL;
  /** Sent with each request, for instance `Authorization`; a function is asked each time. They are recorded nowhere. */
  headers?: HeaderValues | (() => HeaderValues | Promise<HeaderValues>);
}

/** A server that is reached otherwise, for instance with `StdioClientTransport` of `@modelcontextprotocol/client/stdio`. */
export interface OtherServer {
  /** Returns a new transport that is not started yet. Called once for each connection. */
  transport: () => Transport;
}

export type McpServerOptions<Name extends string = string> = Served<Name> & (HttpServer | OtherServer);

const NAME = /^[A-Za-z0-9_-]{1,40}$/;

/** @throws InvalidInput `invalid_mcp_server` for a name or an address that is none, and for a server without tools */
export function assertServer(options: McpServerOptions): void {
  const problem = problemOf(options);
  if (problem)
    throw new InvalidInput('invalid_mcp_server', `mcpTools() cannot use the server '${options.name}': ${problem}.`);
}

function problemOf(options: McpServerOptions): string | undefined {
  if (!NAME.test(options.name)) return `its name must be up to 40 letters, digits, '-' and '_'`;
  if (Object.keys(options.tools).length === 0) return 'tools names none of its tools';
  if ('transport' in options)
    return typeof options.transport === 'function' ? undefined : 'transport must be a function';
  if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol))
    return 'url is no http or https URL';
  return undefined;
}
