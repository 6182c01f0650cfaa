// The agent's loop written by hand, for systems that have none: each call of the model and of the tool is a step of its own.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, type ModelMessage, tool, type ToolCallPart } from 'ai';
import { INSTRUCTIONS, LOOK, LookInput, MODEL, type RunAgent, viewOf } from './work.ts';

/** Runs `body` as a step. */
export type RunStep = <T>(name: string, body: () => Promise<T>) => Promise<T>;

/** Returns the loop on the model at `modelUrl`. */
export function loopOn(modelUrl: string, runStep: RunStep): RunAgent {
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
  return async (words) => {
    const messages: ModelMessage[] = [{ role: 'user', content: words }];
    for (;;) {
      const answer = await runStep('model', () => ask(messages));
      messages.push(...answer.messages);
      const calls = callsIn(answer.messages);
      if (calls.length === 0) return answer.text;
      const views = await Promise.all(calls.map((call) => runStep('look', () => look(call.input))));
      messages.push({ role: 'tool', content: calls.map((call, index) => resultOf(call, views[index]!)) });
    }
  };
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
