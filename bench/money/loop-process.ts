// The yardstick as a process of its own: a plain agent loop, as it is often written, that remembers everything in memory.

import { createHash } from 'node:crypto';
import type { ChatRequest } from 'holdfast/testing';
import pg from 'pg';
import { openingOf } from './model.ts';
import { lookUp, type Made, make, takeBack } from './shop-calls.ts';

/** What the process is told, and what it answers. */
export interface Order {
  ticket: string;
}
export interface Outcome {
  ticket: string;
  status: 'succeeded' | 'failed';
  /** The refunds and letters of which it knows. */
  known: string[];
}

interface Call {
  id: string;
  function: { name: string; arguments: string };
}
interface Reply {
  content: string | null;
  tool_calls?: Call[];
}

const MOST_TURNS = 100;
const UNDO_ATTEMPTS = 3;

/** Whether errors of tools are told to the model, which may try again; else the first one ends the run. */
const isPatient = process.argv[2] === 'retry-loop';
const database = new pg.Pool({ connectionString: process.env.DATABASE_URL });

// It never outlives the process that started it.
process.on('disconnect', () => process.exit(1));
process.on('message', (order) => void resolve(order as Order));
process.send!('ready');

async function resolve({ ticket }: Order): Promise<void> {
  const refunds: Made[] = [];
  const letters: Made[] = [];
  const succeeded = await converse(ticket, refunds, letters).catch(() => false);
  if (!succeeded) for (const refund of refunds.toReversed()) await undo(refund);
  const known = [...refunds, ...letters].map(({ id }) => id);
  process.send!({ ticket, status: succeeded ? 'succeeded' : 'failed', known } satisfies Outcome);
}

/** Returns whether the model came to an answer that fits. */
async function converse(ticket: string, refunds: Made[], letters: Made[]): Promise<boolean> {
  const messages: ChatRequest['messages'] = [{ role: 'user', content: openingOf(ticket) }];
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const reply = await ask(messages);
    messages.push({ role: 'assistant', ...reply });
    const calls = reply.tool_calls ?? [];
    if (calls.length === 0) return (JSON.parse(reply.content ?? '') as { outcome?: string }).outcome === 'refunded';
    const results = await Promise.all(calls.map((call) => callTool(call, refunds, letters)));
    for (const [index, { id }] of calls.entries()) {
      messages.push({ role: 'tool', tool_call_id: id, content: JSON.stringify(results[index] ?? null) });
    }
  }
  return false;
}

async function ask(messages: ChatRequest['messages']): Promise<Reply> {
  const answer = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: process.env.OPENAI_MODEL, messages }),
  });
  if (!answer.ok) throw new Error(`The model's endpoint answered ${answer.status}.`);
  const { choices } = (await answer.json()) as { choices: { message: Reply }[] };
  const { content, tool_calls } = choices[0]!.message;
  return { content, ...(tool_calls && { tool_calls }) };
}

/** Returns the tool's result, or its error for the model. */
async function callTool({ function: called }: Call, refunds: Made[], letters: Made[]): Promise<unknown> {
  try {
    const args = JSON.parse(called.arguments) as Record<string, string>;
    if (called.name === 'findOrder') return await lookUp(args.orderId!, fetch);
    if (called.name === 'note') return await writeNote(args.orderId!, args.text!);
    const isRefund = called.name === 'refund';
    // What many do: the same arguments mean the same call.
    const headers = {
      'idempotency-key': createHash('sha256')
        .update(called.name + called.arguments)
        .digest('hex'),
    };
    const made = await make(isRefund ? 'refunds' : 'letters', args, fetch, headers);
    (isRefund ? refunds : letters).push(made);
    return made;
  } catch (error) {
    if (!isPatient) throw error;
    const { code = 'tool_failed', message } = error as { code?: string; message: string };
    return { code, message };
  }
}

async function writeNote(orderId: string, text: string): Promise<null> {
  await database.query('INSERT INTO order_notes (order_id, note) VALUES ($1, $2)', [orderId.toUpperCase(), text]);
  return null;
}

/** Takes back what it remembers, and gives up after a few attempts. */
async function undo({ id }: Made): Promise<void> {
  const headers = { 'idempotency-key': `undo ${id}` };
  for (let attempt = 1; attempt <= UNDO_ATTEMPTS; attempt += 1) {
    const isUndone = await takeBack(id, fetch, headers).then(
      () => true,
      () => false,
    );
    if (isUndone) return;
  }
}
