// What a model says to itself before it answers, where its server hands that on as text.

const THOUGHT = /^\s*<(think|thinking)>([\s\S]*?)<\/\1>\s*/i;

/** Returns what the text begins with as a thought, and the rest. */
export function withoutThought(text: string): { thought: string | undefined; said: string } {
  const found = THOUGHT.exec(text);
  return found ? { thought: found[2]!.trim(), said: text.slice(found[0].length) } : { thought: undefined, said: text };
}
