// An app that takes requests: its parts, and how they end.

import type { Approvals } from './admission/approvals.ts';
import type { Submissions } from './admission/submit.ts';
import type { AppDatabase } from './database.ts';
import type { Engine } from './engine/engine.ts';
import type { Models } from './inference/registry/registry.ts';
import type { Shared } from './inference/shared.ts';

/** Something that is ended with the app. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** What a running app consists of. */
export interface Parts {
  place: Stoppable;
  server: { url: string; stop(graceMs: number): Promise<void> };
  engine: Engine;
  upkeep: Stoppable;
  /** Writes what models say. */
  tokens: Stoppable;
  shared: Shared;
  database: AppDatabase;
  models: Models;
  submissions: Submissions;
  approvals: Approvals;
  state: { stopping: boolean };
  unbind: () => Promise<void>;
  graceMs: number;
}

/** An app that takes requests. */
export class RunningApp {
  readonly #parts: Parts;

  /** @internal `App.start` makes it. */
  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Where the door is. */
  get url(): string {
    return this.#parts.server.url;
  }

  get database(): AppDatabase {
    return this.#parts.database;
  }

  get models(): Models {
    return this.#parts.models;
  }

  /** @internal */
  get approvals(): Approvals {
    return this.#parts.approvals;
  }

  /** @internal */
  get submissions(): Submissions {
    return this.#parts.submissions;
  }

  /**
   * Takes no more requests and runs, lets running steps end for up to the configured grace period, hands over the rest, and closes
   * everything. Returns how many step bodies were cut off; they run again elsewhere.
   */
  async stop(): Promise<number> {
    const { server, engine, upkeep, tokens, shared, database, models, state, unbind, place, graceMs } = this.#parts;
    state.stopping = true;
    // Requests that are under way still need the engine, so it is closed only after the door.
    const [cutOff] = await Promise.all([engine.drain(graceMs), server.stop(graceMs), upkeep.stop()]);
    await tokens.stop();
    await shared.leave();
    await engine.close();
    await shared.close();
    await unbind();
    await models.close();
    await database.close();
    await place.stop();
    return cutOff;
  }
}
