// The world around the refund agent: a model that decides by the ticket, a shop, a database, and processes that are killed.

import { fileURLToPath } from 'node:url';
import {
  type ChatRequest,
  type ChildService,
  type CrashPoint,
  startChild,
  startModelServer,
  type Turn,
} from '../../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';
import { openShop, type WatchedShop } from './agent-shop.ts';

/**
 * Each run has orders of its own, by which the model and the shop know it: with one it succeeds, with two it fails, with three it fails
 * after it has paid back all of them in one turn.
 */
export interface Ticket {
  orders: readonly string[];
}

export interface AgentWorld {
  database: TestDatabase;
  shop: WatchedShop;
  /** How often the model was asked for the turns of a ticket, from the first one on. */
  asked(ticket: Ticket): number[];
  start(crashAt?: CrashPoint): Promise<ChildService>;
  /** Starts the run of a ticket. The process may die before it has answered. */
  submit(service: ChildService, ticket: Ticket): Promise<void>;
  /** The id of the run of a ticket. */
  runOf(ticket: Ticket): Promise<string>;
  close(): Promise<void>;
}

/** Each process is ready sooner when it need not compile its modules. */
const { NODE_COMPILE_CACHE } = process.env;
const APP = fileURLToPath(new URL('../../../dist/examples/02-refund-agent/app.js', import.meta.url));

export async function openAgentWorld(): Promise<AgentWorld> {
  const database = await freshDatabase('crash');
  const shop = await openShop();
  const questions = new Map<string, number>();
  const model = await startModelServer((request) => {
    const orders = ordersIn(request);
    const turn = request.messages.filter(({ role }) => role === 'assistant').length;
    const question = `${orders.join()} ${turn}`;
    const times = (questions.get(question) ?? 0) + 1;
    questions.set(question, times);
    const script = orders.length === 1 ? resolving(orders[0]!, times) : failing(orders);
    return script[turn]!;
  });
  const children: ChildService[] = [];
  const env = { OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'stub', SHOP_URL: shop.url, NODE_COMPILE_CACHE };
  return {
    database,
    shop,
    asked: ({ orders }) =>
      [...questions].filter(([question]) => question.startsWith(`${orders.join()} `)).map(([, times]) => times),
    start: async (crashAt) => {
      const child = await startChild({ app: APP, databaseUrl: database.url, crashAt, env });
      children.push(child);
      return child;
    },
    submit: async (service, ticket) => {
      const body = { customer: customerOf(ticket), text: `Broken: ${ticket.orders.join(' ')}.` };
      await service.call('POST', '/v1/workflows/Refunds.resolve/runs', { body }).catch(() => undefined);
    },
    runOf: async (ticket) => {
      const customer = customerOf(ticket);
      const sql = `SELECT id FROM holdfast.runs WHERE workflow = 'Refunds.resolve' AND input ->> 'customer' = $1`;
      const rows = await database.query<{ id: string }>(sql, [customer]);
      if (rows.length !== 1) throw new Error(`There are ${rows.length} runs of ${customer}, not 1.`);
      return rows[0]!.id;
    },
    close: async () => {
      for (const child of children) await child.kill();
      await model.close();
      shop.close();
      await database.drop();
    },
  };
}

/** What the model pays back when it is asked for the `times`th time: it never decides the same twice. */
export function centsOf(times: number): number {
  return 10 * times;
}

export function customerOf({ orders }: Ticket): string {
  return `${orders.join('.').toLowerCase()}@example.com`;
}

function ordersIn({ messages }: ChatRequest): string[] {
  const opening = messages.find(({ role }) => role === 'user');
  return /Broken: ([^.]+)\./.exec(JSON.stringify(opening?.content))![1]!.split(' ');
}

function resolving(orderId: string, times: number): Turn[] {
  const cents = centsOf(times);
  const refund = { name: 'refund', args: { orderId, cents } };
  const note = { name: 'note', args: { orderId, text: `Paid ${cents} back.` } };
  const letter = { name: 'sendLetter', args: { to: customerOf({ orders: [orderId] }), text: 'You get money back.' } };
  return [
    { toolCalls: [{ name: 'findOrder', args: { orderId } }] },
    { toolCalls: [refund, note] },
    { toolCalls: [letter] },
    { json: { outcome: 'refunded', cents, reason: 'It came broken.' } },
  ];
}

/** Pays everything back, and then the model's endpoint refuses to go on. */
function failing(orders: readonly string[]): Turn[] {
  const refunds = orders.map((orderId) => ({ name: 'refund', args: { orderId, cents: centsOf(1) } }));
  const turns = refunds.length === 2 ? refunds.map((refund) => [refund]) : [refunds];
  return [...turns.map((toolCalls) => ({ toolCalls })), { status: 400 }];
}
