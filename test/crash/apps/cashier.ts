// An app with one agent for processes that are killed: its tool pays at a shop outside, once people have said yes.

import { agent, createApp, opening, tool, type ToolContext } from 'holdfast';
import { z } from 'zod';

const Amount = z.object({ cents: z.int().positive() });

export class Cashier {
  @tool({
    effect: 'irreversible',
    description: 'Pays',
    input: Amount,
    approval: { role: 'manager', expires: '1d' },
    reconcile: async (key, { fetch }) => {
      const answer = await fetch(`${process.env.COUNTER_URL}/paid/${key}`);
      return answer.ok ? answer.text() : undefined;
    },
  })
  static async pay(args: z.output<typeof Amount>, { fetch }: ToolContext): Promise<string> {
    const answer = await fetch(`${process.env.COUNTER_URL}/pay`, { method: 'POST', body: JSON.stringify(args) });
    return answer.text();
  }

  @agent({ model: 'small', instructions: 'Pay.', tools: [Cashier.pay], output: z.object({ said: z.string() }) })
  static async serve(bill: string) {
    return opening<{ said: string }>(`Pay the bill ${bill}.`);
  }
}

export default createApp({
  services: [Cashier],
  approvals: {
    notify: async ({ id }, { link, fetch }) => {
      await fetch(`${process.env.COUNTER_URL}/letter`, { method: 'POST', body: `${id} ${await link({ for: 'ana' })}` });
    },
  },
});
