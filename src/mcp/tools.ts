// `mcpTools()`: tools of an MCP server, each with the effect that the author declares, as tools of agents and workflows.

import { z } from 'zod';
import type { RetryPolicy } from '../core/backoff.ts';
import { standaloneTool } from '../define/standalone.ts';
import type { CompensationContext, ToolContext, ToolOptions } from '../define/tool.ts';
import { assertServer, type McpCalls, type McpServerOptions, type McpToolOptions } from './options.ts';
import { McpServer } from './server.ts';

type Args = Record<string, unknown>;

/** A tool of an MCP server: stands in an agent's `tools`, and workflows call it with `callTool`. */
export type McpTool = (args: Args, context: ToolContext) => Promise<unknown>;

/** The server checks the arguments: it alone knows what they have to be. */
const ANY_ARGUMENTS = z.record(z.string(), z.unknown());
const RETRIES: RetryPolicy = { attempts: 3 };

/**
 * Returns the tools of an MCP server that `tools` names, by those names. The server is asked only once a model or a call needs it; it is
 * not needed for what is recorded. Nothing that it says changes what a tool may do: the effects are those that are given here.
 * @throws InvalidInput `invalid_mcp_server`, `invalid_tool`
 */
export function mcpTools<Name extends string>(options: McpServerOptions<Name>): Record<Name, McpTool> {
  assertServer(options);
  const server = new McpServer(options);
  const names = Object.keys(options.tools) as Name[];
  return Object.fromEntries(names.map((name) => [name, mcpTool(server, options, name)])) as Record<Name, McpTool>;
}

function mcpTool<Name extends string>(server: McpServer, options: McpServerOptions<Name>, name: Name): McpTool {
  const given: McpToolOptions = options.tools[name];
  const described = given.description ?? `The tool '${name}' of the MCP server '${options.name}'`;
  const settings = {
    retries: RETRIES,
    ...given,
    ...undoing(server, given),
    description: described,
    input: ANY_ARGUMENTS,
  } as unknown as ToolOptions;
  return standaloneTool<Args, unknown>(
    {
      name: `${options.name}.${name}`,
      knownAs: `${options.name}_${name}`.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64),
      options: settings,
      describe: async (signal) => {
        const said = await server.describe(name, signal);
        return { ...said, description: given.description ?? said.description };
      },
      open: (log) => server.open(log),
    },
    (args, context) => server.call(context, name, args),
  );
}

/** What undoes a call, or finds out about it, may call other tools of the server. */
function undoing(server: McpServer, given: McpToolOptions): object {
  const { compensate, reconcile } = given as Extract<McpToolOptions, { effect: 'compensable' }>;
  return {
    ...(compensate && {
      compensate: (result: unknown, args: Args, context: CompensationContext) =>
        compensate(result, args, withCalls(server, context)),
    }),
    ...(reconcile && {
      reconcile: (key: string, context: ToolContext) => reconcile(key, withCalls(server, context)),
    }),
  };
}

function withCalls<Context extends ToolContext>(server: McpServer, context: Context): Context & McpCalls {
  let count = 0;
  const call: McpCalls['call'] = (tool, args) => server.call(context, tool, args, (count += 1));
  // Not spread: signal, fetch and db are made when they are first looked at.
  return Object.create(context, { call: { value: call, enumerable: true } }) as Context & McpCalls;
}
