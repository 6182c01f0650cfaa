// The model's side of the agent bench: answers at once, and notes when it was asked, which tells the time of each turn of any system.

import { type ChatRequest, type ModelServer, startModelServer, type Turn } from 'holdfast/testing';
import { LAST_WORDS } from './work.ts';

/** What is called when a walk asks for the turn `n`, from 1 on, before it is answered. */
export type Listener = (walk: string, n: number) => Promise<void> | void;

/** Starts the model on loopback. */
export function startWalkModel(listener: Listener): Promise<ModelServer> {
  // The usual count of tokens would look through the conversation once more.
  const usage = { inputTokens: 100, outputTokens: 10 };
  const answer = async ({ messages }: ChatRequest): Promise<Turn> => {
    const opening = JSON.stringify(messages.find(({ role }) => role === 'user')?.content);
    const [, turns, walk] = /Walk to (\d+) places. This walk is called ([\w-]+)/.exec(opening)!;
    const n = messages.filter(({ role }) => role === 'assistant').length + 1;
    await listener(walk!, n);
    if (n > Number(turns)) return { text: LAST_WORDS, usage };
    return { toolCalls: [{ name: 'look', args: { place: `place ${n}` } }], usage };
  };
  return startModelServer(answer, { record: false });
}
