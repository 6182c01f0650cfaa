// Who wants to hear of what, by id.

/** Listeners by id. */
export class Subscriptions {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Calls `listener` at each notice for `id`, until the function that is returned is called. */
  subscribe(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(id);
    };
  }

  notify(id: string): void {
    for (const listener of this.#listeners.get(id) ?? []) listener();
  }
}
