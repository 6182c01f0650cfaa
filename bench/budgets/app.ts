// The agents of the budgets bench: one that never stops by itself, and a workflow that asks a few times.

import { generateText } from 'ai';
import { agent, createApp, model, opening, step, tool, workflow } from 'holdfast';
import { z } from 'zod';

export class Spenders {
  @tool({ effect: 'read', description: 'Look at a page', input: z.object({ page: z.int() }) })
  static async look({ page }: { page: number }): Promise<string> {
    return `Page ${page} says to go on to the next one.`;
  }

  @agent({
    model: 'reasoning',
    instructions: 'You read all pages there are.',
    tools: [Spenders.look],
    limits: { turns: 100_000, toolCalls: 100_000 },
    lane: 'spenders',
    maxRecoveries: 1000,
  })
  static async readOn(): Promise<string> {
    return opening('Read all pages, and do not stop.');
  }

  @workflow()
  static async ask(times: number): Promise<number> {
    for (let n = 0; n < times; n += 1) await Spenders.say(n);
    return times;
  }

  @step()
  static async say(n: number): Promise<string> {
    const { text } = await generateText({ model: model('reasoning'), prompt: `Say ${n}.`, maxRetries: 0 });
    return text;
  }
}

export default createApp({ services: [Spenders], lanes: { spenders: { concurrency: 100 } } });
