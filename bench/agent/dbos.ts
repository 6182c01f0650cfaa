// The same agent written by hand on the DBOS SDK: a workflow with a step for each call of the model and of the tool.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { generateText, type ModelMessage, tool, type ToolCallPart } from 'ai';
import { type AgentTask, INSTRUCTIONS, LOOK, LookInput, MODEL, type RunAgent, viewOf } from './work.ts';

const POOL_SIZE = 20;

/** Launches the SDK in this process, with which it ends. */
export async function startDbos({ databaseUrl, modelUrl }: AgentTask): Promise<RunAgent> {
  const model = createOpenAICompatible({ name: 'stub', baseURL: modelUrl })(MODEL);
  const tools = { look: tool({ description: LOOK, inputSchema: LookInput }) };
  const ask = async (messages: ModelMessage[]): Promise<{ messages: ModelMessage[]; text: string }> => {
    const { response, text } = await generateText({
      model,
      instructions: INSTRUCTIONS,
      messages,
      tools,
      maxRetries: 0,
    });
    return { messages: response.messages, text };
  };
  const walk = DBOS.registerWorkflow(
    async (words: string): Promise<string> => {
      const messages: ModelMessage[] = [{ role: 'user', content: words }];
      for (;;) {
        const answer = await DBOS.runStep(() => ask(messages), { name: 'model' });
        messages.push(...answer.messages);
        const calls = callsIn(answer.messages);
        if (calls.length === 0) return answer.text;
        const views = await Promise.all(calls.map((call) => DBOS.runStep(() => look(call.input), { name: 'look' })));
        messages.push({ role: 'tool', content: calls.map((call, index) => resultOf(call, views[index]!)) });
      }
    },
    { name: 'walk' },
  );
  DBOS.setConfig({
    name: 'agent',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: POOL_SIZE,
    logLevel: 'error',
    applicationVersion: '1',
  });
  await DBOS.launch();
  return walk;
}

async function look(args: unknown): Promise<string> {
  return viewOf(LookInput.parse(args));
}

function callsIn(messages: readonly ModelMessage[]): ToolCallPart[] {
  return messages.flatMap(({ role, content }) =>
    role === 'assistant' && typeof content !== 'string' ? content.filter((part) => part.type === 'tool-call') : [],
  );
}

function resultOf({ toolCallId, toolName }: ToolCallPart, value: string) {
  return { type: 'tool-result' as const, toolCallId, toolName, output: { type: 'text' as const, value } };
}
