// Who is served next when many wait: start-time fair queueing between tenants (Goyal, Vin and Cheng, 1996), and among the calls of one
// tenant the order of their places.

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

/** The turns of tenants that wait for the same thing. */
export class Turns<Item> {
  readonly #costOf: (item: Item) => number;
  readonly #lines = new Map<string, { weight: number; finish: number; waiting: readonly Item[]; at: number }>();
  #virtual: number;

  /** `virtual` is how far the queue had come; `costOf` says what an item takes. */
  constructor(virtual: number, flows: ReadonlyMap<string, Flow<Item>>, costOf: (item: Item) => number) {
    this.#virtual = virtual;
    this.#costOf = costOf;
    for (const [tenant, { weight, finish = virtual, waiting }] of flows)
      this.#lines.set(tenant, { weight, finish: Math.max(virtual, finish), waiting, at: 0 });
  }

  /** How far the queue has come. */
  get virtual(): number {
    return this.#virtual;
  }

  /** Returns whose turn it is, and with what; undefined when nobody waits. Whoever has had the least goes first. */
  next(): { tenant: string; item: Item } | undefined {
    let first: { tenant: string; finish: number; item: Item } | undefined;
    for (const [tenant, { finish, waiting, at }] of this.#lines) {
      const item = waiting[at];
      if (item !== undefined && (first === undefined || finish < first.finish)) first = { tenant, finish, item };
    }
    return first && { tenant: first.tenant, item: first.item };
  }

  /** The tenant's first item was served: the next time it is somebody else's turn, in proportion to what the item takes. */
  served(tenant: string): void {
    const line = this.#lines.get(tenant)!;
    this.#virtual = line.finish;
    line.finish += this.#costOf(line.waiting[line.at]!) / line.weight;
    line.at += 1;
  }

  /** The tenant cannot be served for now, for a reason of its own: the others go on. */
  leaves(tenant: string): void {
    const line = this.#lines.get(tenant)!;
    line.at = line.waiting.length;
  }

  /** Returns how far each tenant has come that is ahead of the queue. */
  finishes(): Map<string, number> {
    return new Map(
      [...this.#lines].filter(([, { finish }]) => finish > this.#virtual).map(([name, { finish }]) => [name, finish]),
    );
  }
}
