// Drift: a turn that is recorded comes back while the agent would ask its model in another way by now. What then happens is the agent's policy.

import {
  type Difference,
  differences,
  differencesInWords,
  hashOfPresent,
  type PresentFingerprint,
  type RecordedFingerprint,
} from '../core/fingerprint.ts';
import { holdForDrift, rewindTo } from '../engine/unfit.ts';
import { currentRunId } from '../engine/verbs.ts';
import type { DriftPolicy } from '../define/agent.ts';
import { type Drift, insertRewind } from '../store/drifts.ts';
import type { DriftNotes } from './drift-notes.ts';

/** A turn as it is recorded. Those of older builds have no fingerprint, and are not looked at. */
interface FingerprintedTurn {
  /** Where it is recorded. */
  stepId?: number;
  fingerprint?: RecordedFingerprint;
}

/** What an agent says about drift. */
interface DriftSettings {
  agent: string;
  policy: DriftPolicy;
  present: PresentFingerprint;
  /** Names of steps that do nothing to anybody: the model may be asked again although they were done. */
  harmless: readonly string[];
  notes: DriftNotes;
}

/** Builds that take turns at a run, each asking again what the other one has asked, end here. */
const MOST_REWINDS = 3;

/** Looks at the turns of one execution of an agent that come back from its history. */
export class DriftWatch {
  readonly #settings: DriftSettings;
  #present: { fingerprint: PresentFingerprint; hash: string; shown: object } | undefined;
  #isAccepted = false;

  constructor(settings: DriftSettings) {
    this.#settings = settings;
  }

  /** A recorded turn has come back. Returns when the run goes on with it; where the policy is another one, not at all. */
  async replayed({ stepId, fingerprint }: FingerprintedTurn): Promise<void> {
    const runId = currentRunId();
    if (runId === undefined || stepId === undefined || !fingerprint) return;
    const present = (this.#present ??= presented(this.#settings.present));
    const changed = differences(fingerprint, present.fingerprint);
    if (changed.length === 0) return;
    const { agent, policy, notes } = this.#settings;
    const { hash: presentHash, shown } = present;
    const drift: Drift = {
      runId,
      stepId,
      agent,
      changed,
      recorded: fingerprint,
      present: shown,
      presentHash,
      policy,
      outcome: 'went_on',
    };
    if (policy === 'accept' || policy === 'warn' || (await this.#mayGoOn(drift))) return notes.note(drift);
    if (policy === 'hold') return this.#hold(drift, '');
    return this.#askAgain(drift);
  }

  /** A person has seen what has changed, and released the run. That counts for all of its turns. */
  async #mayGoOn(drift: Drift): Promise<boolean> {
    this.#isAccepted ||= await this.#settings.notes.isAccepted(drift);
    return this.#isAccepted;
  }

  async #hold(drift: Drift, why: string): Promise<never> {
    await this.#settings.notes.noted({ ...drift, outcome: 'held' });
    return holdForDrift(drift.stepId, heldMessage(drift.agent, drift.changed, why));
  }

  async #askAgain(drift: Drift): Promise<never> {
    const { harmless, notes } = this.#settings;
    if ((await notes.rewinds(drift)) >= MOST_REWINDS) {
      return this.#hold(drift, ` It was taken back ${MOST_REWINDS} times already.`);
    }
    const obstacle = await rewindTo({
      stepId: drift.stepId,
      harmless,
      note: (trx) => insertRewind(trx, { ...drift, outcome: 'asked_again' }),
    });
    return this.#hold(drift, ` It cannot be asked again, because of what was done since: ${obstacle}.`);
  }
}

function presented(fingerprint: PresentFingerprint): { fingerprint: PresentFingerprint; hash: string; shown: object } {
  const { class: className, modelsOf, ...own } = fingerprint;
  const shown = { ...own, model: { class: className, ids: modelsOf(className) ?? null } };
  return { fingerprint, hash: hashOfPresent(fingerprint), shown };
}

function heldMessage(agent: string, changed: readonly Difference[], why: string): string {
  return (
    `The agent '${agent}' would ask its model otherwise than it did (${differencesInWords(changed)}).${why} ` +
    'Release the run to go on with what is recorded, or start the code that it was begun with, and release it then.'
  );
}
