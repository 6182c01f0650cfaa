// The same agent on LangGraph: a node that asks the model, a node that calls the tool, and checkpoints in Postgres.

import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { END, MessagesDeltaValue, MessagesValue, START, StateGraph, StateSchema } from '@langchain/langgraph';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import { ToolNode } from '@langchain/langgraph/prebuilt';
import pg from 'pg';
import { z } from 'zod';
import { type AgentTask, INSTRUCTIONS, LOOK, LookInput, MODEL, type RunAgent, viewOf } from './work.ts';

const POOL_SIZE = 20;
/** Each turn is two supersteps. */
const RECURSION_LIMIT = 10_000;

interface Reply {
  content: string | null;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
}

/** Compiles the graph. With `langgraph-delta` its messages are kept as what was added to them, which is experimental. */
export async function startLangGraph({ system, databaseUrl, modelUrl }: AgentTask): Promise<RunAgent> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE });
  const saver = new PostgresSaver(pool);
  await saver.setup();
  const look = tool(async (args: z.output<typeof LookInput>) => viewOf(args), {
    name: 'look',
    description: LOOK,
    schema: LookInput,
  });
  const schema = { messages: system === 'langgraph-delta' ? MessagesDeltaValue : MessagesValue };
  const graph = new StateGraph(new StateSchema(schema))
    .addNode('model', async ({ messages }) => ({ messages: [await ask(modelUrl, messages)] }))
    .addNode('tools', new ToolNode([look]))
    .addEdge(START, 'model')
    .addConditionalEdges('model', ({ messages }) => (isCalling(messages.at(-1)) ? 'tools' : END))
    .addEdge('tools', 'model')
    .compile({ checkpointer: saver });
  let threads = 0;
  return async (words) => {
    const config = {
      configurable: { thread_id: String((threads += 1)) },
      // A checkpoint is written before the next step begins, as the others do.
      durability: 'sync' as const,
      recursionLimit: RECURSION_LIMIT,
    };
    const { messages } = await graph.invoke({ messages: [new HumanMessage(words)] }, config);
    return messages.at(-1)!.text;
  };
}

function isCalling(message: BaseMessage | undefined): boolean {
  return AIMessage.isInstance(message) && (message.tool_calls ?? []).length > 0;
}

/** The model's client in its cheapest form: a bare request. */
async function ask(modelUrl: string, messages: readonly BaseMessage[]): Promise<AIMessage> {
  const parameters = z.toJSONSchema(LookInput);
  const answer = await fetch(`${modelUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: 'system', content: INSTRUCTIONS }, ...messages.map(openaiMessage)],
      tools: [{ type: 'function', function: { name: 'look', description: LOOK, parameters } }],
      tool_choice: 'auto',
    }),
  });
  const { choices } = (await answer.json()) as { choices: { message: Reply }[] };
  const { content, tool_calls = [] } = choices[0]!.message;
  const calls = tool_calls.map(({ id, function: { name, arguments: args } }) => {
    return { id, name, args: JSON.parse(args) as Record<string, unknown>, type: 'tool_call' as const };
  });
  return new AIMessage({ content: content ?? '', tool_calls: calls });
}

function openaiMessage(message: BaseMessage): object {
  if (ToolMessage.isInstance(message)) {
    return { role: 'tool', tool_call_id: message.tool_call_id, content: message.content };
  }
  if (!AIMessage.isInstance(message)) return { role: 'user', content: message.content };
  const calls = (message.tool_calls ?? []).map(({ id, name, args }) => {
    return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } };
  });
  return { role: 'assistant', content: message.content, ...(calls.length > 0 && { tool_calls: calls }) };
}
