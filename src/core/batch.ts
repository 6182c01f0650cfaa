// Which of the waiting writes go into the next statement.

export interface Batchable {
  /** Two writes with the same key cannot stand in one statement: it may touch a row once only. */
  readonly key: string;
  /** About how many bytes it sends. */
  readonly bytes: number;
}

export interface BatchLimits {
  items: number;
  bytes: number;
}

/**
 * Returns the writes for the next statement, and those that stay. Both keep the order in which the writes came; of several with one
 * key the first is taken. At least one is taken when there is any, however large it is.
 */
export function takeBatch<Item extends Batchable>(
  waiting: readonly Item[],
  limits: BatchLimits,
): { batch: Item[]; rest: Item[] } {
  const batch: Item[] = [];
  const rest: Item[] = [];
  const keys = new Set<string>();
  let bytes = 0;
  for (const item of waiting) {
    const fits = batch.length < limits.items && (batch.length === 0 || bytes + item.bytes <= limits.bytes);
    if (fits && !keys.has(item.key)) {
      batch.push(item);
      bytes += item.bytes;
    } else {
      rest.push(item);
    }
    keys.add(item.key);
  }
  return { batch, rest };
}
