// What the agents of the money bench are to do: tickets, each with its orders, its tool calls and its end, the same for the same seed.

import { randomFrom } from './random.ts';

/** How a run ends: with its answer, because the model's endpoint refuses to go on, or with an answer that never fits. */
export type Ending = 'answers' | 'refused' | 'never_fits';

export interface PlannedCall {
  tool: 'findOrder' | 'refund' | 'note' | 'sendLetter';
  /** What the call is about: the order, or for a letter the ticket. */
  subject: string;
}

/** One run. */
export interface Ticket {
  id: string;
  /** The calls of each turn, which are made at the same time. */
  turns: PlannedCall[][];
  ending: Ending;
}

/** The cents of each refund. */
export const CENTS = 500;
const MOST_ORDERS = 6;
const LEAST_ORDERS = 2;
const FAILING_SHARE = 0.2;
/** The shop does not know orders that begin with this letter, and refuses to pay them back. */
export const UNKNOWN_ORDER = 'X';

/** Returns `count` tickets: a fifth of them fail, half of those after a tool that failed for good. */
export function ticketsOf(count: number, seed: number): Ticket[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, index) => {
    const orders = LEAST_ORDERS + Math.floor(random() * (MOST_ORDERS - LEAST_ORDERS + 1));
    const fails = random() < FAILING_SHARE;
    const ending: Ending = fails ? (random() < 0.5 ? 'refused' : 'never_fits') : 'answers';
    return { id: `T-${index + 1}`, turns: turnsOf(index + 1, orders, ending), ending };
  });
}

/** Three calls for each order, and one at the end: at most 19. Nobody can undo a letter, so that only runs that succeed send one. */
function turnsOf(ticket: number, orders: number, ending: Ending): PlannedCall[][] {
  const turns = Array.from({ length: orders }, (_, index): PlannedCall[][] => {
    const subject = `O-${ticket}-${index + 1}`;
    return [
      [{ tool: 'findOrder', subject }],
      [
        { tool: 'refund', subject },
        { tool: 'note', subject },
      ],
    ];
  }).flat();
  if (ending === 'answers') turns.push([{ tool: 'sendLetter', subject: `T-${ticket}` }]);
  if (ending === 'refused') turns.push([{ tool: 'refund', subject: `${UNKNOWN_ORDER}-${ticket}-1` }]);
  return turns;
}

/** Returns the orders of a ticket that the shop is to pay back. */
export function refundsOf({ turns }: Ticket): string[] {
  return turns
    .flat()
    .filter(({ tool, subject }) => tool === 'refund' && !subject.startsWith(UNKNOWN_ORDER))
    .map(({ subject }) => subject);
}
