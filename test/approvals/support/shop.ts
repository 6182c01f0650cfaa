// A shop whose agent needs people's approval for some of its tools, a workflow that asks itself, and what a test has to know of them.

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { engineOfTests } from '../../../src/config.ts';
import type { Person } from '../../../src/core/person.ts';
import {
  agent,
  type ApprovalRule,
  approve,
  opening,
  parallel,
  callTool,
  tool,
  type ToolContext,
  workflow,
} from '../../../src/index.ts';
import type { ModelSource } from '../../../src/inference/registry/registry.ts';
import { type Script, scriptedModel } from '../../../src/testing.ts';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { Served } from '../../support/serve.ts';
import { until } from '../../support/until.ts';

const Refund = z.object({ order: z.string(), cents: z.int().positive(), currency: z.string().default('EUR') });
type Refund = z.output<typeof Refund>;

/** What the shop does next, and what it has done. */
export const shop = {
  rule: undefined as 'required' | ApprovalRule | ((args: Refund) => 'required' | ApprovalRule | undefined) | undefined,
  model: scriptedModel([]),
  refunds: [] as Refund[],
  sent: [] as string[],
  booked: [] as unknown[],
  /** What the next build makes of a booking. */
  booking: 'once',
  /** How often the rule was asked for. */
  ruled: 0,
};

/** Prepares the next run: the answers of its model and the rule of its tools. */
export function prepare(script: Script<LanguageModelV4CallOptions>, rule: typeof shop.rule = 'required') {
  Object.assign(shop, {
    model: scriptedModel(script),
    rule,
    refunds: [],
    sent: [],
    booked: [],
    booking: 'once',
    ruled: 0,
  });
  return shop.model;
}

export const models: ModelSource = {
  model: () => shop.model,
};

/** The rule of the test, as a tool's rule. */
function rule(args: Refund): 'required' | ApprovalRule | undefined {
  shop.ruled += 1;
  return typeof shop.rule === 'function' ? shop.rule(args) : shop.rule;
}

const Booking = z
  .object({ seat: z.string(), reference: z.string().default(() => randomUUID()) })
  .transform((booking) => (shop.booking === 'twice' ? { ...booking, seat: `${booking.seat} and 1B` } : booking));

const Visit = z.object({
  url: z.string().transform((text) => new URL(text)),
  tags: z.array(z.string()).transform((tags) => new Set(tags)),
});

export class Shop {
  @tool({ effect: 'irreversible', description: 'Pay back', input: Refund, approval: rule })
  static async refund(args: Refund): Promise<string> {
    shop.refunds.push(args);
    return `Paid ${args.cents} ${args.currency} for ${args.order}.`;
  }

  @tool({ effect: 'transactional', description: 'Note', input: Refund, approval: rule })
  static async note({ order }: Refund, { db }: ToolContext): Promise<string> {
    await db.raw('INSERT INTO notes (text) VALUES (?)', [order]);
    return `Noted ${order}.`;
  }

  @tool({ effect: 'read', description: 'Send a letter', input: z.object({ to: z.string() }), approval: 'required' })
  static async send({ to }: { to: string }): Promise<string> {
    shop.sent.push(to);
    return `Sent to ${to}.`;
  }

  @tool({
    effect: 'compensable',
    description: 'Book',
    input: Booking,
    approval: 'required',
    compensate: async () => {},
  })
  static async book(booking: z.output<typeof Booking>): Promise<string> {
    shop.booked.push(booking);
    return booking.reference;
  }

  @tool({ effect: 'read', description: 'Visit', input: Visit, approval: 'required' })
  static async visit({ url, tags }: z.output<typeof Visit>): Promise<void> {
    shop.sent.push(`${url.host} ${tags.size}`);
  }

  @agent({
    model: 'small',
    instructions: 'Help.',
    tools: () => [Shop.refund, Shop.note, Shop.send, Shop.book, Shop.visit],
  })
  static async help(text: string): Promise<string> {
    return opening(text);
  }

  @workflow()
  static async ask(given: ApprovalRule & { arguments?: unknown }): Promise<unknown> {
    const { question = 'May we?', ...others } = given;
    return approve(question, others);
  }

  @workflow()
  static async askTwice(): Promise<unknown> {
    return parallel(['one', 'two'], async (name) => (await approve(name)).by.join());
  }

  @workflow()
  static async direct(args: Refund): Promise<unknown> {
    return callTool(Shop.refund, args);
  }

  @workflow()
  static async parent(text: string): Promise<unknown> {
    return Shop.help(text);
  }
}

/** What a test sees of an approval. */
export interface Asked {
  id: string;
  run_id: string;
  tool: string | null;
  question: string;
  arguments: any;
  arguments_hash: string;
  role: string | null;
  status: string;
  votes: number;
  decided_by: string[];
  initiator: string | null;
  comment: string | null;
}

export function person(name: string, ...roles: string[]): Person {
  return { name, roles, tenant: 'default' };
}

export const ana = person('ana', 'manager');
export const bob = person('bob', 'manager');
export const eve = person('eve');

/** Starts a run and returns its id. */
export async function begin(served: Served, name: string, body: unknown, user?: string): Promise<string> {
  const headers: Record<string, string> = user === undefined ? {} : { 'X-User': user };
  const { body: run } = await served.call('POST', `/v1/workflows/Shop.${name}/runs`, { body, headers });
  return String(run.id);
}

/** The approvals of a run, in the order of their steps. */
export function approvalsOf(served: Served, runId: string): Promise<Asked[]> {
  return served.database.query<Asked>(`SELECT * FROM holdfast.approval_inbox WHERE run_id = $1 ORDER BY step_id`, [
    runId,
  ]);
}

/** The SDK's own engine waits in memory. */
const WAITING = engineOfTests().HOLDFAST_ENGINE === 'stock' ? 'running' : 'waiting';

/** Waits until the run has asked so many questions, people were told, and it is in no process's memory. */
export async function asked(served: Served, runId: string, count = 1): Promise<Asked[]> {
  return until(`${count} questions of a run that waits`, async () => {
    const { body } = await served.call('GET', `/v1/runs/${runId}`);
    if (body.status !== WAITING) return undefined;
    const found = await approvalsOf(served, runId);
    const told = await served.database.query(
      `SELECT FROM holdfast.steps WHERE run_id = $1 AND name LIKE 'notice%' AND ended_at IS NOT NULL`,
      [runId],
    );
    const pending = found.filter(({ status }) => status === 'pending');
    return pending.length >= count && told.length >= found.length ? found : undefined;
  });
}

/** Waits for the run's end. */
export async function ended(served: Served, runId: string): Promise<Record<string, any>> {
  return (await served.call('GET', `/v1/runs/${runId}/result?wait=20`)).body;
}

/** What happened to an approval, in order. */
export async function audit(served: Served, id: string): Promise<Record<string, any>[]> {
  return served.database.query(`SELECT * FROM holdfast.approval_audit WHERE approval_id = $1 ORDER BY n`, [id]);
}

/** The code with which `act` is refused. */
export async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return 'accepted';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}

export const refundCall = (cents: number, name = 'refund') => ({ name, args: { order: 'o1', cents } });
