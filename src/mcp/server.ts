// An MCP server as its tools see it: what it says of them, and how they are called.

import { createHash } from 'node:crypto';
import type { CallToolResult, Client, Tool } from '@modelcontextprotocol/client';
import { RetryableError } from '../core/errors.ts';
import type { ToolDescription, Warnings } from '../define/standalone.ts';
import type { ToolContext } from '../define/tool.ts';
import { type CallSender, callSender } from '../steps/effect-call.ts';
import type { Answer, Unsent } from '../steps/receipt.ts';
import { Connection, KEY_HEADER } from './connection.ts';
import { answerLost, answerTooLarge, fateOf, statusOf, unreachable, type Where } from './failure.ts';
import type { McpServerOptions } from './options.ts';
import { type Outcome, outcomeOf } from './result.ts';

/** How long a server has to list its tools. */
const LIST_MS = 30_000;
/** The limits of time are those of the step. */
const LONGEST_MS = 2 ** 31 - 1;
/** In `_meta`: where a server looks that is not reached over HTTP. */
const KEY_META = 'holdfast/idempotency-key';
const TRACE = 'traceparent';

export class McpServer {
  readonly #options: McpServerOptions;
  readonly #connection: Connection;
  readonly #warned = new Set<string>();
  #log: Warnings | undefined;
  /** The tools of the last list, and the next list while it is asked for. */
  #known: readonly Tool[] | undefined;
  #listing: Promise<Tool[]> | undefined;
  #users = 0;

  constructor(options: McpServerOptions) {
    this.#options = options;
    this.#connection = new Connection(options);
  }

  /** One of its tools belongs to an app that starts. Returns what to call when the app stops. */
  open(log: Warnings): () => Promise<void> {
    this.#log = log;
    this.#users += 1;
    return async () => {
      this.#users -= 1;
      if (this.#users === 0) await this.#connection.close();
    };
  }

  /** Returns what the server says of `tool`. @throws RetryableError `mcp_unavailable`, `mcp_tool_missing`; TerminalError `mcp_refused` */
  async describe(tool: string, signal: AbortSignal): Promise<ToolDescription> {
    const { description, title, inputSchema } = this.#find(tool, await this.#list(signal));
    return { description: description ?? title ?? tool, inputSchema };
  }

  /**
   * Calls `tool`, in the body of a tool with the surroundings `context`. `count` tells several calls of one body apart.
   * @throws TerminalError `mcp_tool_error`, `mcp_error`, `mcp_refused`, `mcp_input_required`; RetryableError `mcp_unavailable`,
   * `mcp_answer_lost`, `mcp_tool_missing`; what receipts may say (`idempotency_key_reused`, `run_over`, `effect_superseded`)
   */
  async call(context: ToolContext, tool: string, args: Record<string, unknown>, count = 0): Promise<unknown> {
    const sender = callSender(context);
    // Whether the list is the newest matters to models only.
    const definition = this.#find(tool, this.#known ?? (await this.#list(sender.signal)));
    const { name } = this.#options;
    const outgoing = {
      ordinal: Math.max(1, count),
      method: 'tools/call',
      url: this.#connection.address,
      requestHash: sha256([name, tool, args]),
    };
    const send = (key: string, unsent: Unsent): Promise<Answer<Outcome>> =>
      this.#send(definition, args, sender, key, unsent);
    const outcome = await sender.send(outgoing, send, count === 0 ? '' : `-call-${count}`);
    if ('failure' in outcome) throw outcome.failure;
    return outcome.value;
  }

  #find(name: string, tools: readonly Tool[]): Tool {
    const found = tools.find((tool) => tool.name === name);
    if (!found) {
      this.#known = undefined;
      throw new RetryableError(
        'mcp_tool_missing',
        `The MCP server '${this.#options.name}' (${this.#connection.address}) has no tool '${name}', which mcpTools() names. It has: ${tools.map((tool) => tool.name).join(', ')}.`,
      );
    }
    this.#warnOf(found);
    return found;
  }

  /** Returns the server's tools, all of which are asked for together when several models or tools want to know. */
  #list(signal: AbortSignal): Promise<Tool[]> {
    this.#listing ??= this.#ask().finally(() => {
      this.#listing = undefined;
    });
    return abortable(this.#listing, signal);
  }

  async #ask(): Promise<Tool[]> {
    try {
      const client = await this.#connection.client();
      const { tools } = await client.listTools(undefined, { timeout: LIST_MS });
      return (this.#known = tools);
    } catch (error) {
      if (statusOf(error) === 404) this.#connection.forget();
      throw unreachable(error, this.#where(''));
    }
  }

  /** What a server says of its tools' effects is a hint that nobody vouches for: the declared effect counts. */
  #warnOf({ name, annotations = {} }: Tool): void {
    const effect = this.#options.tools[name]?.effect;
    const { readOnlyHint, destructiveHint } = annotations;
    if (effect !== 'read' || !(readOnlyHint === false || destructiveHint === true) || this.#warned.has(name)) return;
    this.#warned.add(name);
    this.#log?.warn(
      `The MCP server '${this.#options.name}' says that its tool '${name}' changes something, but mcpTools() gives it the effect 'read': a call that fails may be made again.`,
    );
  }

  async #send(
    definition: Tool,
    args: Record<string, unknown>,
    sender: CallSender,
    key: string,
    unsent: Unsent,
  ): Promise<Answer<Outcome>> {
    const where = this.#where(definition.name);
    for (let isFirst = true; ; isFirst = false) {
      const client = await this.#connected(sender.signal, unsent);
      try {
        const result = await this.#callOnce(client, definition, args, sender, key);
        return { value: outcomeOf(result, definition.name), status: 200, hash: sha256(result) };
      } catch (error) {
        sender.signal.throwIfAborted();
        // The session of a connection that was long idle is gone: the server has not looked at the call.
        if (statusOf(error) === 404) this.#connection.forget();
        if (statusOf(error) === 404 && isFirst) continue;
        const fate = fateOf(error, where);
        // What is known of the tool may be out of date.
        this.#known = undefined;
        if (fate.kind === 'answered') return { value: { failure: fate.error }, status: fate.status, hash: null };
        if (fate.kind === 'unsent') await unsent();
        throw fate.error;
      }
    }
  }

  /** Whatever keeps it from being connected, the call has not been sent. */
  async #connected(signal: AbortSignal, unsent: Unsent): Promise<Client> {
    try {
      return await abortable(this.#connection.client(), signal);
    } catch (error) {
      await unsent();
      signal.throwIfAborted();
      throw unreachable(error, this.#where(''));
    }
  }

  async #callOnce(
    client: Client,
    { outputSchema: _unchecked, ...definition }: Tool,
    args: Record<string, unknown>,
    { signal, traceparent }: CallSender,
    key: string,
  ): Promise<CallToolResult> {
    const where = this.#where(definition.name);
    const gone = new AbortController();
    const reader = { ended: () => gone.abort(answerLost(where)), tooLong: () => gone.abort(answerTooLarge(where)) };
    const call = { name: definition.name, arguments: args, _meta: { [TRACE]: traceparent, [KEY_META]: key } };
    const options = {
      signal: AbortSignal.any([signal, gone.signal]),
      timeout: LONGEST_MS,
      headers: { [KEY_HEADER]: key, [TRACE]: traceparent },
      toolDefinition: definition,
      allowInputRequired: true,
    };
    const answer = this.#connection.watching(key, reader, () => client.callTool(call, options));
    return answer.catch((error: unknown) => {
      throw gone.signal.aborted ? gone.signal.reason : error;
    });
  }

  #where(tool: string): Where {
    return { server: this.#options.name, address: this.#connection.address, tool };
  }
}

function sha256(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** Returns what `promise` resolves to, unless the signal is aborted first. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody may be left to hear of it.
  promise.catch(() => {});
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
