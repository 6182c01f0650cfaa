// An app with one agent for processes that are killed: its tool asks a counter outside.

import { agent, createApp, opening, tool, type ToolContext } from 'holdfast';
import { z } from 'zod';

const Order = z.object({ orderId: z.string() });

export class Clerk {
  @tool({ effect: 'read', description: 'Looks an order up', input: Order })
  static async look({ orderId }: z.output<typeof Order>, { fetch }: ToolContext): Promise<string> {
    return (await fetch(`${process.env.COUNTER_URL}/${orderId}`)).text();
  }

  @agent({
    model: 'small',
    instructions: 'Look the order up.',
    tools: [Clerk.look],
    output: z.object({ found: z.string() }),
  })
  static async find(order: string) {
    return opening<{ found: string }>(`Find order ${order}.`);
  }
}

export default createApp({ services: [Clerk] });
