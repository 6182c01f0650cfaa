// The agent on holdfast, in this process.

import { agent, createApp, opening, readConfig, start, tool } from 'holdfast';
import type { z } from 'zod';
import { createLog } from '../../src/observe/log.ts';
import { type AgentTask, INSTRUCTIONS, LOOK, LookInput, MODEL, type RunAgent, viewOf } from './work.ts';

const LIMIT = 1000;

class Walker {
  @tool({ effect: 'read', description: LOOK, input: LookInput })
  static async look(args: z.output<typeof LookInput>): Promise<string> {
    return viewOf(args);
  }

  @agent({
    model: 'reasoning',
    instructions: INSTRUCTIONS,
    tools: [Walker.look],
    limits: { turns: LIMIT, toolCalls: LIMIT },
  })
  static async walk(words: string): Promise<string> {
    return opening(words);
  }
}

/** Starts a service in this process, which ends with it. */
export async function startHoldfast({ databaseUrl, modelUrl }: AgentTask): Promise<RunAgent> {
  const environment = { DATABASE_URL: databaseUrl, PORT: '0', OPENAI_BASE_URL: modelUrl, OPENAI_MODEL: MODEL };
  const app = createApp({ services: [Walker] });
  await app.start(readConfig(environment), createLog({ level: 'error', format: 'json' }));
  return async (words) => (await start(Walker.walk, words)).result();
}
