// What the rest of the engine is told about as it happens in this process. The database stays the truth; these are hints to look.

/** Called by the system database after the named thing was committed. None of them may throw or block. */
export interface EngineHooks {
  /** A run became claimable in this lane. */
  enqueued(lane: string): void;
  /** A run that was executing here ended, or was given away; its place in the lane is free. */
  released(runId: string, lane: string | undefined): void;
  /** Something was recorded for this run: a step, a message, a stream value. */
  recorded(runId: string): void;
  /** Told of checkpoints one by one; see `CheckpointProbe`. */
  probe: CheckpointProbe;
  /** The outcome of this run was recorded. */
  outcome(runId: string): void;
  /** This run of `workflow` has failed; `error` is the recorded text of its error. */
  failed(runId: string, workflow: string, error: string | null | undefined): void;
  /** A claim on this lane took `count` runs. */
  claimed(lane: string, count: number): void;
  /** Calls `ended` once the run has ended; returns how to stop listening. */
  onEnd(runId: string, ended: () => void): () => void;
  /** Resolves to true when the run has ended, to false after a second, so that the waiter can look whether it is still wanted. */
  ended(runId: string): Promise<boolean>;
}

/**
 * Called just before a checkpoint is written and just after it was committed, with the step's name, or `run` for the outcome of a
 * run. The test kit kills the process at such a moment; an app that is not under test has no probe.
 */
export type CheckpointProbe = (when: 'before' | 'after', checkpoint: string) => void;

/** What the outcome of a run is called as a checkpoint. */
export const RUN_OUTCOME = 'run';
