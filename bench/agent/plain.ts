// The agent as a plain loop: nothing is recorded. What it costs is the price of asking the model, which everybody pays.

import { loopOn } from './hand-written.ts';
import type { AgentTask, RunAgent } from './work.ts';

/** Returns the loop. */
export async function startPlain({ modelUrl }: AgentTask): Promise<RunAgent> {
  return loopOn(modelUrl, (_name, body) => body());
}
