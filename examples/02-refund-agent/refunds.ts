// An agent with a tool of each effect: it looks orders up, pays money back, writes notes and sends letters.

import { agent, opening, tool, type CompensationContext, type ToolContext } from 'holdfast';
import { z } from 'zod';
import { answerOf, type Order, type Refund, type Sent, shopUrl } from './shop-client.ts';

const Ticket = z.object({ customer: z.email(), text: z.string().min(1).max(10_000) });
const OrderInput = z.object({ orderId: z.string().max(100) });
const RefundInput = z.object({ orderId: z.string().max(100), cents: z.int().positive().max(100_000) });
const NoteInput = z.object({ orderId: z.string().max(100), text: z.string().max(2000) });
const LetterInput = z.object({ to: z.email(), text: z.string().max(10_000) });

const Resolution = z.object({ outcome: z.enum(['refunded', 'declined']), cents: z.int().min(0), reason: z.string() });

type OrderInput = z.output<typeof OrderInput>;
type RefundInput = z.output<typeof RefundInput>;
type NoteInput = z.output<typeof NoteInput>;
type LetterInput = z.output<typeof LetterInput>;
type Resolution = z.output<typeof Resolution>;

const PATIENT = { attempts: 5, backoff: { initial: '100ms', factor: 2, max: '10s' } } as const;

export class Refunds {
  @tool({ effect: 'read', description: 'Look up an order', input: OrderInput, retries: PATIENT })
  static async findOrder({ orderId }: OrderInput, { fetch }: ToolContext): Promise<Order> {
    return answerOf(await fetch(shopUrl(`/orders/${encodeURIComponent(orderId)}`)));
  }

  @tool({
    effect: 'compensable',
    description: 'Pay back an amount of an order',
    input: RefundInput,
    retries: PATIENT,
    compensate: Refunds.takeBack,
  })
  static async refund(args: RefundInput, { fetch }: ToolContext): Promise<Refund> {
    return answerOf(await fetch(shopUrl('/refunds'), { method: 'POST', body: JSON.stringify(args) }));
  }

  @tool({ effect: 'transactional', description: 'Write a note on an order', input: NoteInput })
  static async note({ orderId, text }: NoteInput, { db }: ToolContext): Promise<void> {
    await db('order_notes').insert({ order_id: orderId, note: text });
  }

  @tool({
    effect: 'irreversible',
    description: 'Send a letter to the customer',
    input: LetterInput,
    retries: PATIENT,
    acknowledged: 'A letter promises nothing; it only says what was done.',
    reconcile: async (key, { fetch }) => {
      const answer = await fetch(shopUrl(`/letters/${key}`));
      return answer.status === 404 ? undefined : answerOf<Sent>(answer);
    },
  })
  static async sendLetter(args: LetterInput, { fetch }: ToolContext): Promise<Sent> {
    return answerOf(await fetch(shopUrl('/letters'), { method: 'POST', body: JSON.stringify(args) }));
  }

  @agent({
    model: 'reasoning',
    instructions:
      'You resolve tickets of a shop. Look the order up, refund what the customer is owed and no more, write a note, and send a letter.',
    tools: [Refunds.findOrder, Refunds.refund, Refunds.note, Refunds.sendLetter],
    input: Ticket,
    output: Resolution,
    limits: { turns: 20, toolCalls: 40, wall: '1d' },
    lane: 'support',
  })
  static async resolve({ customer, text }: z.output<typeof Ticket>): Promise<Resolution> {
    return opening(`The customer ${customer} writes:\n\n${text}`);
  }

  /** Of a refund whose answer was lost nobody knows the id: the shop knows it by the key that it was asked with. */
  static async takeBack(refund: Refund | undefined, _args: RefundInput, context: CompensationContext): Promise<void> {
    const id = refund ? refund.id : `by-key/${context.forwardKey}`;
    await answerOf(await context.fetch(shopUrl(`/refunds/${id}/reverse`), { method: 'POST' }));
  }
}
