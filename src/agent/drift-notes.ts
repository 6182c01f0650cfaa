// Where drift is noted: in a table, and once a run in the log. Turns that go on do not wait for it.

import type { Knex } from 'knex';
import { differencesInWords } from '../core/fingerprint.ts';
import type { EngineLog } from '../engine/logger.ts';
import { throughOutages } from '../postgres/outages.ts';
import { countRewinds, type Drift, insertDrifts, isDriftAccepted } from '../store/drifts.ts';

/** One statement enters so many at most. */
const BATCH = 200;

/** Takes the notes of one process. */
export class DriftNotes {
  readonly #db: Knex;
  readonly #log: Pick<EngineLog, 'warn'>;
  #waiting: Drift[] = [];
  #isWriting = false;

  constructor(db: Knex, log: Pick<EngineLog, 'warn'>) {
    this.#db = db;
    this.#log = log;
  }

  /** Notes a drift soon. It never fails: what cannot be written is noticed again when the run is next taken up. */
  note(drift: Drift): void {
    this.#waiting.push(drift);
    if (!this.#isWriting) void this.#write();
  }

  /** Notes a drift, and returns when that is written. */
  async noted(drift: Drift): Promise<void> {
    await throughOutages(() => insertDrifts(this.#db, [drift]));
  }

  /** Tells whether a person has let the run go on with the code that there is now. */
  isAccepted({ runId, presentHash }: Drift): Promise<boolean> {
    return throughOutages(() => isDriftAccepted(this.#db, runId, presentHash));
  }

  /** Returns how often the run was taken back because of drift. */
  rewinds({ runId }: Drift): Promise<number> {
    return throughOutages(() => countRewinds(this.#db, runId));
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const drifts = this.#waiting.splice(0, BATCH);
      try {
        const newRuns = new Set(await insertDrifts(this.#db, drifts));
        for (const drift of drifts) {
          if (newRuns.delete(drift.runId) && drift.policy !== 'accept') this.#log.warn(message(drift));
        }
      } catch (error) {
        this.#log.warn(
          `Drift of ${drifts.length} turns, one of them of run '${drifts[0]!.runId}', could not be noted: ${(error as Error).message}`,
        );
      }
    }
    this.#isWriting = false;
  }
}

function message({ runId, stepId, agent, changed }: Drift): string {
  return (
    `Run '${runId}' has drifted from step ${stepId} on: the agent '${agent}' would ask its model otherwise than it did ` +
    `(${differencesInWords(changed)}). The view holdfast.drift has the rest.`
  );
}
