// The agent of the money bench, with a tool of each effect, as an app of its own.

import { agent, createApp, opening, tool, type CompensationContext, type ToolContext } from 'holdfast';
import { z } from 'zod';
import { openingOf } from './model.ts';
import { letterOf, lookUp, type Made, make, takeBack } from './shop-calls.ts';

const OrderInput = z.object({ orderId: z.string() });
const RefundInput = z.object({ orderId: z.string(), cents: z.int().positive(), reason: z.string() });
const NoteInput = z.object({ orderId: z.string(), text: z.string() });
const LetterInput = z.object({ ticket: z.string(), text: z.string() });
const Resolution = z.object({ outcome: z.literal('refunded'), reason: z.string() });

type OrderInput = z.output<typeof OrderInput>;
type RefundInput = z.output<typeof RefundInput>;
type NoteInput = z.output<typeof NoteInput>;
type LetterInput = z.output<typeof LetterInput>;
type Resolution = z.output<typeof Resolution>;

const PATIENT = { attempts: 12, backoff: { initial: '20ms', factor: 2, max: '1s' } } as const;

export class Desk {
  @tool({ effect: 'read', description: 'Look up an order', input: OrderInput, retries: PATIENT })
  static async findOrder({ orderId }: OrderInput, { fetch }: ToolContext): Promise<unknown> {
    return lookUp(orderId, fetch);
  }

  @tool({
    effect: 'compensable',
    description: 'Pay back an amount of an order',
    input: RefundInput,
    retries: PATIENT,
    compensate: Desk.reverse,
  })
  static async refund(args: RefundInput, { fetch }: ToolContext): Promise<Made> {
    return make('refunds', args, fetch);
  }

  @tool({ effect: 'transactional', description: 'Write a note on an order', input: NoteInput })
  static async note({ orderId, text }: NoteInput, { db }: ToolContext): Promise<void> {
    await db('order_notes').insert({ order_id: orderId.toUpperCase(), note: text });
  }

  @tool({
    effect: 'irreversible',
    description: 'Send a letter to the customer of a ticket',
    input: LetterInput,
    acknowledged: 'A letter promises nothing; it only says what was done.',
    retries: PATIENT,
    reconcile: (key, { fetch }) => letterOf(key, fetch),
  })
  static async sendLetter(args: LetterInput, { fetch }: ToolContext): Promise<Made> {
    return make('letters', args, fetch);
  }

  @agent({
    model: 'reasoning',
    instructions: 'You resolve tickets of a shop.',
    tools: [Desk.findOrder, Desk.refund, Desk.note, Desk.sendLetter],
    output: Resolution,
    limits: { turns: 40 },
    lane: 'desk',
  })
  static async resolve(ticket: string): Promise<Resolution> {
    return opening(openingOf(ticket));
  }

  static async reverse(refund: Made | undefined, _args: RefundInput, context: CompensationContext): Promise<void> {
    await takeBack(refund ? refund.id : `by-key/${context.forwardKey}`, context.fetch);
  }
}

export default createApp({ services: [Desk], lanes: { desk: { concurrency: 10 } } });
