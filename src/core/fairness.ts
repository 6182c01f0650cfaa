// Who is served next when many wait: start-time fair queueing between tenants (Goyal, Vin and Cheng, 1996), and among the calls of one
// tenant the order of their places.

import { Heap } from '../lib/heap.ts';

/** What a priority above 0 costs in waiting: a call of priority 1 waits like one that came this much later. So none waits for ever. */
const PER_PRIORITY_MS = 10_000;
const LONGEST_AGEING_MS = 10 * 60_000;
/** A larger call lets smaller ones of its tenant pass that come within this multiple of the time that it takes of the bucket. */
const PER_COST = 1;

/** The line of one tenant. */
export interface Flow<Item> {
  /** How much of what there is the tenant gets in comparison with others. */
  weight: number;
  /** How far it has come, in the queue's own time; left out for one that is new, or was not heard of for a while. */
  finish?: number | undefined;
  /** In the order in which they are to be served. */
  waiting: readonly Item[];
}

/**
 * Returns the place of a call among those of its tenant: smaller goes first. Smaller priorities go first, too; as each is worth a fixed
 * time of waiting, whoever waits long enough is served before any that come later.
 */
export function placeOf(enteredMs: number, priority: number, costMs: number): number {
  const ageing = Math.min(LONGEST_AGEING_MS, Math.max(0, priority) * PER_PRIORITY_MS);
  return enteredMs + ageing + Math.min(LONGEST_AGEING_MS, costMs * PER_COST);
}

interface Line<Item> {
  tenant: string;
  /** Of those that have had the same, whoever was here first. */
  entered: number;
  weight: number;
  finish: number;
  waiting: readonly Item[];
  at: number;
}

/** The turns of tenants that wait for the same thing. */
export class Turns<Item> {
  readonly #costOf: (item: Item) => number;
  readonly #lines = new Map<string, Line<Item>>();
  /** Of the lines in which somebody waits, the one that has had the least is first. There may be as many as there are tenants. */
  readonly #first = new Heap<Line<Item>>((a, b) => a.finish - b.finish || a.entered - b.entered);
  #virtual: number;

  /** `virtual` is how far the queue had come; `costOf` says what an item takes. */
  constructor(virtual: number, flows: ReadonlyMap<string, Flow<Item>>, costOf: (item: Item) => number) {
    this.#virtual = virtual;
    this.#costOf = costOf;
    for (const [tenant, { weight, finish = virtual, waiting }] of flows) {
      const line = { tenant, entered: this.#lines.size, weight, finish: Math.max(virtual, finish), waiting, at: 0 };
      this.#lines.set(tenant, line);
      if (waiting.length > 0) this.#first.push(line);
    }
  }

  /** How far the queue has come. */
  get virtual(): number {
    return this.#virtual;
  }

  /** Returns whose turn it is, and with what; undefined when nobody waits. Whoever has had the least goes first. */
  next(): { tenant: string; item: Item } | undefined {
    const first = this.#first.peek();
    return first && { tenant: first.tenant, item: first.waiting[first.at]! };
  }

  /** Whoever's turn it is was served: the next time it is somebody else's turn, in proportion to what the item takes. */
  served(): void {
    const line = this.#first.pop()!;
    this.#virtual = line.finish;
    line.finish += this.#costOf(line.waiting[line.at]!) / line.weight;
    line.at += 1;
    if (line.at < line.waiting.length) this.#first.push(line);
  }

  /** The tenant whose turn it is cannot be served for now, for a reason of its own: the others go on. */
  leaves(): void {
    this.#first.pop();
  }

  /** Returns how far each tenant has come that is ahead of the queue. */
  finishes(): Map<string, number> {
    return new Map(
      [...this.#lines].filter(([, { finish }]) => finish > this.#virtual).map(([name, { finish }]) => [name, finish]),
    );
  }
}
