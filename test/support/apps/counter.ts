// A small app whose runs ask people before they pay.

import { z } from 'zod';
import { approve, callTool, tool, workflow } from '../../../src/index.ts';

const Payment = z.object({ to: z.string(), cents: z.int().positive(), note: z.string().optional() });

type Payment = z.output<typeof Payment>;

const Rule = z.object({
  role: z.string().optional(),
  quorum: z.int().optional(),
  excludeInitiator: z.boolean().optional(),
  expires: z.string().optional(),
  question: z.string().optional(),
});

const Order = z.object({ payment: Payment, rule: Rule.default({ role: 'manager' }) });

export class Counter {
  static readonly paid: Payment[] = [];

  @tool({ effect: 'read', description: 'Pay', input: Order, approval: ({ rule }) => rule as object })
  static async pay({ payment }: z.output<typeof Order>): Promise<Payment> {
    Counter.paid.push(payment);
    return payment;
  }

  @workflow({ input: Order })
  static async buy(order: z.output<typeof Order>): Promise<Payment> {
    return callTool(Counter.pay, order);
  }

  /** Asks by itself, about anything. */
  @workflow()
  static async ask(about: unknown): Promise<unknown> {
    return approve('May this be?', { arguments: about });
  }
}
