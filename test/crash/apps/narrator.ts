// An app with one agent that tells stories, while others listen: it looks something up before it goes on.

import { agent, createApp, opening, tool } from 'holdfast';
import { z } from 'zod';

const Question = z.object({ about: z.string() });

export class Narrator {
  @tool({ effect: 'read', description: 'Looks something up', input: Question })
  static async lookUp({ about }: z.output<typeof Question>): Promise<string> {
    return `${about} is well known.`;
  }

  @agent({ model: 'small', instructions: 'Tell a story.', tools: [Narrator.lookUp], stream: true })
  static async tell(story: string): Promise<string> {
    return opening(`Story ${story}`);
  }
}

export default createApp({ services: [Narrator] });
