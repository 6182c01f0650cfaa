// Endpoints that take no more than one call of a tool in a message: several calls of one turn are told to them one after another.

import { APICallError, type LanguageModelV4Message, type LanguageModelV4Prompt } from '@ai-sdk/provider';

/** Tells whether an endpoint has refused a conversation because of several calls in one message. */
export function refusesSeveralCalls(error: unknown): boolean {
  if (!APICallError.isInstance(error) || (error.statusCode !== 400 && error.statusCode !== 422)) return false;
  return /single tool[- ]?calls?|(?:one|1) tool[- ]?call|(?:multiple|parallel)[ _]tool[ _-]?calls?/i.test(
    `${error.message} ${error.responseBody ?? ''}`,
  );
}

/** Tells whether the prompt has several calls in one message. */
export function hasSeveralCalls(prompt: LanguageModelV4Prompt): boolean {
  return prompt.some((message) => callsOf(message).length > 1);
}

/** Returns the prompt with each call in a message of its own, followed by its result. */
export function oneByOne(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  return prompt.flatMap((message, index): LanguageModelV4Message[] => {
    const before = prompt[index - 1];
    if (message.role === 'tool' && before && callsOf(before).length > 1) return [];
    const calls = callsOf(message);
    if (message.role !== 'assistant' || calls.length < 2) return [message];
    const next = prompt[index + 1];
    const results = next?.role === 'tool' ? next.content : [];
    return calls.flatMap((call, n): LanguageModelV4Message[] => {
      const said = n === 0 ? message.content.filter((part) => part.type !== 'tool-call') : [];
      const own = results.filter((part) => part.type === 'tool-result' && part.toolCallId === call.toolCallId);
      return [
        { ...message, content: [...said, call] },
        ...(own.length > 0 ? [{ ...next!, content: own } as LanguageModelV4Message] : []),
      ];
    });
  });
}

function callsOf(message: LanguageModelV4Message) {
  return message.role === 'assistant' ? message.content.filter((part) => part.type === 'tool-call') : [];
}
