// Counts the runs of each lane that run in this process, as they come and go.

import type { SystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database';

/** How many runs of a lane run here. The SDK goes through all running runs to find that out. */
export class Places {
  readonly #taken = new Map<string, number>();
  readonly #onFree: (lane: string) => void;

  /** `onFree` is told at once when a run of a lane has ended here, or was taken out of memory. */
  constructor(onFree: (lane: string) => void) {
    this.#onFree = onFree;
  }

  /** Begins to count what runs on `database`. */
  watch(database: SystemDatabase): void {
    const register = database.registerRunningWorkflow.bind(database);
    database.registerRunningWorkflow = (runId, lane, partition) => {
      const entry = register(runId, lane, partition);
      if (lane === undefined) return entry;
      this.#taken.set(lane, this.taken(lane) + 1);
      const release = entry.release;
      let released = false;
      entry.release = () => {
        release();
        if (released) return;
        released = true;
        this.#leave(lane);
      };
      return entry;
    };
    database.countRunningWorkflowsForQueue = (lane) => this.taken(lane);
  }

  /** Takes a place for a run that is about to begin. To be given back with the returned function, once, when the run holds its own. */
  reserve(lane: string): () => void {
    this.#taken.set(lane, this.taken(lane) + 1);
    return () => this.#leave(lane);
  }

  /** Returns how many runs of `lane` run here now. */
  taken(lane: string): number {
    return this.#taken.get(lane) ?? 0;
  }

  #leave(lane: string): void {
    const left = this.taken(lane) - 1;
    if (left > 0) this.#taken.set(lane, left);
    else this.#taken.delete(lane);
    this.#onFree(lane);
  }
}
