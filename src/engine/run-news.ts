// News of runs for those who follow them in this process, whichever process they happen in.

import type { PeerSignals, TokenNews } from './peers.ts';

/** Called when there may be news of a run: more of what its models say, or something that was recorded. */
export type NewsListener = (what: TokenNews) => void;

/** Hands on news of runs. Nothing is lost when some are missed: whoever follows a run looks by himself, too, if less often. */
export class RunNews {
  readonly #listeners = new Map<string, Set<NewsListener>>();
  #peers: PeerSignals | undefined;
  #unfollow: (() => void) | undefined;

  /** From now on what models say is also heard from other processes, and told to them. */
  connect(peers: PeerSignals): void {
    this.#peers = peers;
  }

  /** Calls `listener` at each news of the run until the function that is returned is called. */
  subscribe(runId: string, listener: NewsListener): () => void {
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(listener));
    this.#unfollow ??= this.#peers?.follow((id, what) => this.tell(id, what));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(runId) === listeners) this.#listeners.delete(runId);
      if (this.#listeners.size > 0) return;
      this.#unfollow?.();
      this.#unfollow = undefined;
    };
  }

  /** There is news of the run in this process. */
  tell(runId: string, what: TokenNews): void {
    for (const listener of this.#listeners.get(runId) ?? []) listener(what);
  }

  /** A model of the run has spoken in this process. */
  spoken(runId: string, what: TokenNews): void {
    this.tell(runId, what);
    this.#peers?.tellTokens(runId, what);
  }
}
