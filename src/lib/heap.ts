// A heap: whoever comes first in it is known at once, however many there are.

export class Heap<Item> {
  readonly #items: Item[] = [];
  readonly #compare: (a: Item, b: Item) => number;

  /** `compare` is below 0 when its first argument comes first, as for `sort`. What it looks at must not change while an item is in here. */
  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  /** Returns the first item; undefined when there is none. */
  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#compare(item, items[above]!) >= 0) break;
      items[at] = items[above]!;
      at = above;
    }
    items[at] = item;
  }

  /** Removes the first item and returns it; undefined when there is none. */
  pop(): Item | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(last);
    return first;
  }

  /** Puts `item` where it belongs, from the top, which is free. */
  #sink(item: Item): void {
    const items = this.#items;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#compare(items[below + 1]!, items[below]!) < 0) below += 1;
      if (this.#compare(item, items[below]!) <= 0) break;
      items[at] = items[below]!;
      at = below;
    }
    items[at] = item;
  }
}
