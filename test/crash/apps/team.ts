// An app with an agent that has another one look things up, for processes that are killed. Its model is told little at a time.

import { agent, createApp, opening } from 'holdfast';
import { z } from 'zod';

const Topic = z.object({ topic: z.string() });

export class Team {
  @agent({ model: 'small', instructions: 'Research.', description: 'Research a topic', input: Topic })
  static async research({ topic }: z.output<typeof Topic>): Promise<string> {
    return opening(`Research ${topic}.`);
  }

  @agent({ model: 'small', instructions: 'Lead.', tools: () => [Team.research], context: { tokens: 1200 } })
  static async lead(order: string): Promise<string> {
    return opening(order);
  }
}

export default createApp({ services: [Team] });
