// The messages between agent and model, in the AI SDK's form: reading the model's, and writing ours.

import type { JSONValue, ModelMessage, ToolCallPart, ToolModelMessage, ToolResultPart } from 'ai';
import type { Outcome, ToolCall } from '../core/decide.ts';

/** Returns the messages that open a conversation. */
export function openingMessages(opening: string | readonly ModelMessage[]): ModelMessage[] {
  return typeof opening === 'string' ? [userMessage(opening)] : [...opening];
}

/** Returns a message of the user: a text as it is, anything else as JSON. */
export function userMessage(content: unknown): ModelMessage {
  return { role: 'user', content: typeof content === 'string' ? content : JSON.stringify(content ?? null) };
}

/** Returns the tool calls in the model's messages that are ours to make; some providers make calls of their own. */
export function callParts(messages: readonly ModelMessage[]): ToolCallPart[] {
  return messages.flatMap(({ role, content }) =>
    role !== 'assistant' || typeof content === 'string'
      ? []
      : content.filter((part) => part.type === 'tool-call' && !part.providerExecuted),
  ) as ToolCallPart[];
}

/** Returns the tool calls in the model's messages. */
export function callsIn(messages: readonly ModelMessage[]): ToolCall[] {
  return callParts(messages).map(({ toolCallId, toolName, input }) => ({
    id: toolCallId,
    name: toolName,
    args: input,
  }));
}

/** Returns the text in the model's messages. */
export function textIn(messages: readonly ModelMessage[]): string {
  return messages
    .flatMap(({ role, content }) => {
      if (role !== 'assistant') return [];
      if (typeof content === 'string') return [content];
      return content.map((part) => (part.type === 'text' ? part.text : ''));
    })
    .join('');
}

/** Returns the message that tells the model what became of its calls, in their order. */
export function toolMessage(calls: readonly ToolCall[], outcomes: readonly Outcome[]): ToolModelMessage {
  return {
    role: 'tool',
    content: calls.map(({ id, name }, index) => ({
      type: 'tool-result',
      toolCallId: id,
      toolName: name,
      output: outputOf(outcomes[index]!),
    })),
  };
}

function outputOf(outcome: Outcome): ToolResultPart['output'] {
  if (outcome.status !== 'done') {
    return { type: 'error-json', value: { code: outcome.code, message: outcome.message } };
  }
  const { value } = outcome;
  return typeof value === 'string' ? { type: 'text', value } : { type: 'json', value: value as JSONValue };
}
