// The model of the money bench: goes through a ticket's plan, says everything in other words each time that it is asked, and remembers
// nothing but the conversation.

import type { ChatRequest, Turn } from 'holdfast/testing';
import { CENTS, type PlannedCall, type Ticket, UNKNOWN_ORDER } from './plan.ts';

interface CallMessage {
  id: string;
  function: { name: string; arguments: string };
}

/** How long an answer of the model takes. */
const THINKING_MS = 50;
const OPENINGS = ['Broken on arrival', 'It came broken', 'The parcel was damaged', 'Never worked', 'Damaged goods'];

/** Returns what the conversation of a ticket's run begins with. */
export function openingOf(ticket: string): string {
  return `Resolve the ticket ${ticket}.`;
}

/** Returns the script of a model that knows the plans of all tickets. It takes a while, so that there are runs at each moment. */
export function scriptOf(tickets: readonly Ticket[]): (request: ChatRequest, n: number) => Turn {
  const byId = new Map(tickets.map((ticket) => [ticket.id, ticket]));
  return (request, n) => {
    const ticket = byId.get(/Resolve the ticket (T-\d+)\./.exec(JSON.stringify(request.messages))![1]!)!;
    return { ...turnOf(ticket, settledCalls(request), n), delayMs: THINKING_MS };
  };
}

/** The calls of the first turn that are not done yet, or else the end. */
function turnOf({ turns, ending }: Ticket, done: ReadonlySet<string>, n: number): Turn {
  const open = turns.map((calls) => calls.filter((call) => !done.has(nameOf(call))));
  const next = open.find((calls) => calls.length > 0);
  if (next) return { toolCalls: next.map((call) => ({ name: call.tool, args: worded(call, n) })) };
  if (ending === 'refused') return { status: 400, error: 'The request was refused.' };
  if (ending === 'never_fits') return { text: `I have done all of it, for the ${n}th time.` };
  return { json: { outcome: 'refunded', reason: wordsFor(n) } };
}

/** The same call, worded otherwise: whoever compares arguments finds no two that are the same. */
function worded({ tool, subject }: PlannedCall, n: number): Record<string, unknown> {
  const written = n % 2 === 0 ? subject : subject.toLowerCase();
  if (tool === 'findOrder') return { orderId: written };
  if (tool === 'refund') return { orderId: written, cents: CENTS, reason: wordsFor(n) };
  if (tool === 'note') return { orderId: written, text: `Paid ${CENTS} back. ${wordsFor(n)}` };
  return { ticket: written, text: `You get your money back. ${wordsFor(n)}` };
}

function wordsFor(n: number): string {
  return `${OPENINGS[n % OPENINGS.length]!}, says customer no. ${n}.`;
}

/** Returns the calls that were made with success, or refused by the shop for good. */
function settledCalls({ messages }: ChatRequest): Set<string> {
  const calls = messages.flatMap(({ tool_calls }) => (tool_calls ?? []) as CallMessage[]);
  const results = new Map(messages.map(({ tool_call_id, content }) => [tool_call_id, String(content)]));
  const settled = calls.filter(({ id }) => {
    const result = JSON.parse(results.get(id) ?? 'null') as { code?: string } | null;
    return result?.code === undefined || result.code === 'shop_refused';
  });
  return new Set(settled.map(({ function: { name, arguments: args } }) => nameOf(callOf(name, args))));
}

function callOf(name: string, args: string): PlannedCall {
  const { orderId, ticket } = JSON.parse(args) as { orderId?: string; ticket?: string };
  return { tool: name as PlannedCall['tool'], subject: (orderId ?? ticket ?? '').toUpperCase() };
}

function nameOf({ tool, subject }: PlannedCall): string {
  return `${tool} ${subject.startsWith(UNKNOWN_ORDER) ? UNKNOWN_ORDER : subject}`;
}
