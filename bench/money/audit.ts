// The audit of the money bench: compares what was planned, what the system says that it did, and what the shop has in its books.

import { refundsOf, type Ticket } from './plan.ts';
import type { Remains } from './world.ts';

/** Figures by the name of their metric. */
export interface Findings {
  runs_ended: number;
  /** Of the runs that were to succeed, those that did. */
  completion_percent: number;
  /** Refunds that the shop made beyond one for each that was planned. */
  duplicate_charges: number;
  duplicate_letters: number;
  duplicate_notes: number;
  /** What a run that succeeded should have done, and did not. */
  missing_effects: number;
  failed_runs: number;
  /** Runs without success whose money is still out, or of which the system says that something is left. */
  failed_runs_not_unwound: number;
  /** What the shop did or may have done, and the system cannot tell. */
  unknown_effects: number;
  /** Refunds that the shop made. */
  charges: number;
  /** Refunds that it took back, however often. */
  compensations: number;
  /** Refunds that are to stand, by what the system says of its runs. */
  refunds: number;
  /** `charges` less `compensations` and `refunds`. */
  unbalanced: number;
}

/** Returns what the audit found. */
export function audit(tickets: readonly Ticket[], { records, shop, notes }: Remains): Findings {
  const { ended, notUnwound, knows, open } = records;
  const succeeded = tickets.filter(({ id }) => ended.get(id) === 'succeeded');
  const others = tickets.filter(({ id }) => ended.get(id) !== 'succeeded');
  const made = counted(shop.refunds.map(({ order }) => order));
  const standing = counted(shop.refunds.filter(({ reversals }) => reversals.length === 0).map(({ order }) => order));
  const letters = counted(shop.letters.map(({ ticket }) => ticket));
  const left = others.filter((ticket) => notUnwound.has(ticket.id) || refundsOf(ticket).some((id) => standing.has(id)));
  const unseen = [...shop.refunds, ...shop.letters].filter((effect) => !knows(effect) && !open.includes(effect.key));
  const compensations = shop.refunds.reduce((sum, { reversals }) => sum + reversals.length, 0);
  const refunds = succeeded.flatMap(refundsOf).length;
  const wanted = tickets.filter(({ ending }) => ending === 'answers');
  return {
    runs_ended: ended.size,
    completion_percent: (100 * succeeded.length) / wanted.length,
    duplicate_charges: surplus(made),
    duplicate_letters: surplus(letters),
    duplicate_notes: surplus(notes),
    missing_effects: succeeded
      .map((ticket) => {
        const orders = refundsOf(ticket);
        const missing = orders.filter((id) => !standing.has(id)).length + orders.filter((id) => !notes.has(id)).length;
        return missing + (letters.has(ticket.id) ? 0 : 1);
      })
      .reduce((sum, missing) => sum + missing, 0),
    failed_runs: [...ended.values()].filter((status) => status === 'failed').length,
    failed_runs_not_unwound: left.length,
    unknown_effects: open.length + unseen.length,
    charges: shop.refunds.length,
    compensations,
    refunds,
    unbalanced: shop.refunds.length - compensations - refunds,
  };
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** What there is beyond one of each. */
function surplus(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count - 1, 0);
}
