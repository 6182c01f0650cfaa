// Runs whose code does not fit their history (any more), or that no process has code for: they are held for a person instead of failed.

import type { Knex } from 'knex';
import { pause } from '../lib/pause.ts';
import {
  deleteHoldsOfCancelled,
  deleteLeftoverHolds,
  type Hold,
  holdRun,
  holdStrangers,
  releaseHeldRun,
  type Seeker,
  stepNames,
} from '../store/held-runs.ts';
import type { EngineLog } from './logger.ts';
import type { Holder, PresentRun } from './present-run.ts';
import { RECOVERY_LANE } from './recovery-lane.ts';
import { type Rewind, rewindRun } from './rewind.ts';
import type { Mismatch } from './unfit.ts';

export interface HoldsOptions extends Seeker {
  db: Knex;
  log: EngineLog;
  /** How long a run waits for a process that has its workflow before it is held. */
  missingWorkflowMs: number;
  /** Told of a run that was held, or released. */
  onChange: (runId: string) => void;
  /** Told of a lane that has a run to claim. */
  onReleased: (lane: string) => void;
}

const SWEEP_MS = 10_000;
const FIRST_RETRY_MS = 50;
const SLOWEST_RETRY_MS = 5000;

/** Holds runs on behalf of one process, and releases them. */
export class Holds implements Holder {
  readonly #options: HoldsOptions;
  readonly #stopping = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  /**
   * Begins to look for runs that nobody can run. The first look is taken when every process that was started together with this one
   * has had the time to say which workflows it has.
   */
  start(): void {
    this.#sweeping ??= this.#sweepForever();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#sweeping;
  }

  /** Holds a run that executes here. A run that belongs to somebody else by now is left alone: that one will find out. */
  async hold(run: PresentRun, mismatch: Mismatch): Promise<void> {
    await this.#untilDone(`Run '${run.id}' could not be held`, () => this.#write(run, mismatch));
  }

  /** Takes a run back that executes here. One that belongs to somebody else by now is left alone: that one will find out. */
  async rewind(run: PresentRun, to: Rewind): Promise<string | undefined> {
    const { db, log, onChange, onReleased } = this.#options;
    const { id: runId, token } = run;
    const work = (): ReturnType<typeof rewindRun> => rewindRun(db, { ...to, runId, token });
    const rewound = await this.#untilDone(`Run '${runId}' could not be taken back to step ${to.stepId}`, work);
    if (rewound === undefined || rewound === 'lost') return undefined;
    if ('obstacle' in rewound) return rewound.obstacle;
    log.info(`Run '${runId}' was taken back to step ${to.stepId}.`);
    onReleased(rewound.lane);
    onChange(runId);
    return undefined;
  }

  /** Returns what `work` returns, however often that takes; undefined when the process stops first. */
  async #untilDone<T>(problem: string, work: () => Promise<T>): Promise<T | undefined> {
    for (let wait = FIRST_RETRY_MS; !this.#stopping.signal.aborted; wait = Math.min(wait * 2, SLOWEST_RETRY_MS)) {
      try {
        return await work();
      } catch (error) {
        this.#options.log.warn(`${problem}, trying again: ${(error as Error).message}`);
      }
      await this.#pause(wait);
    }
    return undefined;
  }

  /** Puts a held run back into its lane. Returns false when it is not held (any more). */
  async release(runId: string): Promise<boolean> {
    const { db, onChange, onReleased } = this.#options;
    const lane = await releaseHeldRun(db, runId, RECOVERY_LANE);
    if (lane === undefined) return false;
    onReleased(lane);
    onChange(runId);
    return true;
  }

  /** Forgets why the run was held, and those below it that were cancelled with it. */
  async cancelled(runId: string): Promise<void> {
    await deleteHoldsOfCancelled(this.#options.db, runId);
    this.#options.onChange(runId);
  }

  async #write(run: PresentRun, { reason, stepId, called, message }: Mismatch): Promise<void> {
    const { db, log, onChange } = this.#options;
    const names = await stepNames(db, run.id, stepId, called);
    const hold: Hold = {
      reason,
      stepId,
      expected: names.called ?? names.recorded,
      found: names.recorded,
      message: message ?? whatParted(reason, stepId, names),
    };
    if (!(await holdRun(db, run.id, run.token, hold))) return;
    log.warn(`Run '${run.id}' is held. ${hold.message}`);
    onChange(run.id);
  }

  async #sweepForever(): Promise<void> {
    const { missingWorkflowMs, log } = this.#options;
    await this.#pause(missingWorkflowMs);
    while (!this.#stopping.signal.aborted) {
      await this.#sweep().catch((error: Error) =>
        log.warn(`Runs without a workflow could not be looked for, trying again: ${error.message}`),
      );
      await this.#pause(Math.min(SWEEP_MS, missingWorkflowMs));
    }
  }

  async #sweep(): Promise<void> {
    const { db, log, missingWorkflowMs, onChange } = this.#options;
    const strangers = await holdStrangers(db, this.#options, missingWorkflowMs);
    for (const [workflow, runs] of Map.groupBy(strangers, (run) => run.workflow)) {
      const ids = runs.map((run) => `'${run.runId}'`);
      log.warn(
        `${ids.length === 1 ? `Run ${ids[0]} is held` : `${ids.length} runs are held, ${ids[0]} is one of them`}: ` +
          `no process has the workflow '${workflow}'. Start a build that has it, then release what is held.`,
      );
      for (const { runId } of runs) onChange(runId);
    }
    await deleteLeftoverHolds(db);
  }

  /** Ends early when the process stops. It does not keep a process alive. */
  async #pause(ms: number): Promise<void> {
    await pause(ms, this.#stopping.signal).catch(() => {});
  }
}

function whatParted(
  reason: Mismatch['reason'],
  stepId: number,
  names: { called: string | null; recorded: string | null },
): string {
  const parted =
    reason === 'unexpected_step'
      ? `At step ${stepId} its code calls '${names.called}', but '${names.recorded}' is recorded.`
      : `Step ${stepId} ('${names.recorded}') was done twice by the same execution, so that its number depends on timing.`;
  return `${parted} Start code that fits the history, then release the run.`;
}
