// A long conversation costs as much before each question as what is told of it, however much was said.

import type { JSONValue } from 'ai';
import { expect, test } from 'vitest';
import { Conversation, type Summary } from '../../src/agent/conversation.ts';
import type { Turn } from '../../src/agent/turn.ts';

const usage = { inputTokens: 100, outputTokens: 10, cachedInputTokens: 0 };
const summarise = async (_messages: unknown, to: number): Promise<Summary> => ({
  summary: 'So far.',
  to,
  usage,
  model: 'm',
});

test.each([
  ['shortened', 4_000],
  ['summarised', 40_000],
])('results that were %s are not looked at again', async (_how, characters) => {
  const conversation = new Conversation(5_000);
  const looks: number[] = [];
  /** How often the sixth result had been looked at by each question. */
  const seen: number[] = [];
  for (let turn = 0; turn < 60; turn += 1) {
    await conversation.told([], summarise);
    seen.push(looks[5] ?? 0);
    const call = { type: 'tool-call' as const, toolCallId: `${turn}`, toolName: 'read', input: {} };
    const answer: Partial<Turn> = { asked: [], messages: [{ role: 'assistant', content: [call] }], usage };
    conversation.answered(answer as Turn);
    looks[turn] = 0;
    const value = {
      toJSON: () => {
        looks[turn]! += 1;
        return { text: 'x'.repeat(characters) };
      },
    };
    const output = { type: 'json' as const, value: value as unknown as JSONValue };
    conversation.add({
      role: 'tool',
      content: [{ type: 'tool-result', toolCallId: `${turn}`, toolName: 'read', output }],
    });
  }
  expect(seen[40]).toBeGreaterThan(0);
  expect(seen.at(-1)).toBe(seen[40]);
});
