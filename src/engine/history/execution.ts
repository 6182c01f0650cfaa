// What this process knows of the runs that it executes, so that it need not ask the database before every step.

import { isFresh } from '../../core/freshness.ts';
import type { Settlement } from '../../store/model-calls.ts';

/** A step's recorded outcome, in the form in which the SDK replays it. */
export interface RecordedStep {
  output: string | null;
  error: string | null;
  childWorkflowID: string | null;
  functionName: string;
  serialization: string | null;
}

/** One claim of a run by this process. The token is what every write of it is conditional on. */
export class Execution {
  readonly runId: string;
  readonly token: string;
  /** Whether this process inserted the run, and nobody executed it before. */
  readonly isNew: boolean;
  /** Steps whose row a transaction has committed, and that the SDK is about to record. */
  readonly committed = new Set<number>();
  /** Calls of models that are to be settled with the checkpoints of their steps; of steps that run, and have no checkpoint yet. */
  readonly settlements = new Map<number, Settlement[]>();
  /** What the bodies of steps watch; of those that run. */
  readonly watches = new Set<{ release(): void }>();
  /** Whether a transaction of the run left a checkpoint beside the row of its step. */
  hasSeparateCheckpoints = false;
  /** Steps that this execution recorded itself. */
  readonly written = new Set<number>();
  /** Recorded outcomes, as far as they are loaded. */
  readonly recorded = new Map<number, RecordedStep>();
  /** Every outcome up to this step was loaded; those below `keptFrom` were given up again. */
  loadedTo: number;
  keptFrom = -Infinity;
  /** When the database last said that the run is ours and not cancelled, by `performance.now()`. */
  confirmedAt: number;

  /** How many bodies and writes of the run are under way, and when the last one began or ended. */
  #underWay = 0;
  #touchedAt = performance.now();
  #parking: Promise<boolean> | undefined;
  #isParked = false;

  constructor(runId: string, token: string, isNew: boolean) {
    this.runId = runId;
    this.token = token;
    this.isNew = isNew;
    // A run that this process inserted and executes at once has nothing recorded.
    this.loadedTo = isNew ? Infinity : -Infinity;
    this.confirmedAt = isNew ? performance.now() : -Infinity;
  }

  /** Whether nothing was recorded of the run before this execution. */
  get hasNoHistory(): boolean {
    return this.loadedTo === Infinity && this.keptFrom === -Infinity && this.recorded.size === 0;
  }

  /** Whether the run was ours just now, so that the database need not be asked. */
  get isFresh(): boolean {
    return isFresh(this.confirmedAt, performance.now());
  }

  /** Whether the step can begin without a look at the database: it is not recorded, and the run was ours just now. */
  mayBegin(stepId: number): boolean {
    return this.hasNoHistory && !this.written.has(stepId) && !this.#parking && this.isFresh;
  }

  /** Whether a body or a write is under way. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** Whether the run has left this process, to go on from its history. */
  get isParked(): boolean {
    return this.#isParked;
  }

  /** For how many milliseconds the run has done nothing. */
  quietMs(): number {
    return performance.now() - this.#touchedAt;
  }

  /** The run has just done something. */
  touch(): void {
    this.#touchedAt = performance.now();
  }

  /** Something of the run is under way until `leave`. */
  enter(): void {
    this.#underWay += 1;
    this.touch();
  }

  leave(): void {
    this.#underWay -= 1;
    this.touch();
  }

  /** Runs `work` as something that is under way. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#parking) await this.settled();
    this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** Has a call of a model settled with the step's checkpoint. Returns false when that has been written, or there will be none of ours. */
  settle(stepId: number, settlement: Settlement): boolean {
    const settlements = this.settlements.get(stepId);
    settlements?.push(settlement);
    return settlements !== undefined;
  }

  /** Parks the run with `park`, which tells whether it did. What the run does meanwhile waits for the answer. */
  async park(park: () => Promise<boolean>): Promise<boolean> {
    if (this.#parking) return false;
    this.#parking = park();
    try {
      this.#isParked = await this.#parking;
      if (!this.#isParked) this.#parking = undefined;
      return this.#isParked;
    } catch (error) {
      this.#parking = undefined;
      throw error;
    }
  }

  /** Resolves when the run goes on in this process; never, once it was parked: it goes on elsewhere, from its history. */
  async settled(): Promise<void> {
    if (this.#parking && (await this.#parking.catch(() => false))) await new Promise<never>(() => {});
  }

  /** A committed write, begun at `at`, has shown that the run is ours. */
  confirm(at: number): void {
    if (at > this.confirmedAt) this.confirmedAt = at;
  }

  /** Something may have happened to the run: the next step asks again. */
  doubt(): void {
    this.confirmedAt = -Infinity;
  }
}

/** The executions of this process. A run may have two for a moment: a stale one, and the one that took over. */
export class Executions {
  readonly #byRun = new Map<string, Execution[]>();

  /** How many runs are known. */
  get size(): number {
    return this.#byRun.size;
  }

  /** Returns the execution of `runId` with this token; a new one, of which nothing is known, when there is none. */
  of(runId: string, token: string): Execution {
    return this.#byRun.get(runId)?.find((execution) => execution.token === token) ?? this.add(runId, token, false);
  }

  /** Adds one; `isNew` when its run was inserted just now, with nothing recorded. */
  add(runId: string, token: string, isNew: boolean): Execution {
    const execution = new Execution(runId, token, isNew);
    const others = this.#byRun.get(runId);
    if (others) others.push(execution);
    else this.#byRun.set(runId, [execution]);
    return execution;
  }

  /** Whether only executions that began with an empty history are known of the run, and none left checkpoints beside its steps. */
  haveOwnCheckpointsOnly(runId: string): boolean {
    const executions = this.#byRun.get(runId);
    return (
      executions !== undefined &&
      executions.every(({ isNew, hasSeparateCheckpoints }) => isNew && !hasSeparateCheckpoints)
    );
  }

  /** Whether the run is executed here, or about to be. */
  has(runId: string): boolean {
    return this.#byRun.has(runId);
  }

  /** Forgets the run. */
  delete(runId: string): void {
    this.#byRun.delete(runId);
  }

  /** What is known of these runs, or of all, may have changed. */
  doubt(runIds?: readonly string[]): void {
    const all = runIds ? runIds.map((id) => this.#byRun.get(id) ?? []) : this.#byRun.values();
    for (const executions of all) for (const execution of executions) execution.doubt();
  }
}
