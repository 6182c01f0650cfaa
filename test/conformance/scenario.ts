// One story that is played on both engines: calls through the front door, and what a caller sees.

import type { CallOptions, CallResult } from '../../src/testing/service.ts';

/** What a scenario is played on. The runs that it starts have names in it, under which they are compared. */
export interface Stage {
  /** Sends a request. */
  call<Body = Record<string, unknown>>(method: string, path: string, options?: CallOptions): Promise<CallResult<Body>>;
  /** Starts a run and calls it `name`. Returns its id. */
  start(name: string, workflow: string, input?: unknown, options?: StartOptions): Promise<string>;
  /** Waits until the run `name` has ended, and notes its outcome for the comparison. */
  ended(name: string): Promise<Outcome>;
  /** `start`, then `ended`. */
  run(name: string, workflow: string, input?: unknown, options?: StartOptions): Promise<Outcome>;
  /** Leaves a message for the run `name`, and notes the answer's status. */
  send(name: string, topic: string, body?: unknown, key?: string): Promise<void>;
  /** Cancels the run `name`, and notes the answer. */
  cancel(name: string, body?: unknown): Promise<void>;
  /** Resumes the run `name`, and notes the answer's status and whether anything changed. */
  resume(name: string): Promise<void>;
  /** Begins a run that copies what the run `name` recorded before `step`, and goes on from there. Calls it `copy`. */
  fork(name: string, copy: string, step: number): Promise<void>;
  /** Waits until the run `name` has recorded `times` steps called `step` from the number `from` on. */
  recorded(name: string, step: string, times?: number, from?: number): Promise<void>;
  /** Waits until the run `name` has this status. */
  reached(name: string, ...statuses: string[]): Promise<void>;
  /** Calls a run that was not started with `start`, such as one that 50 callers started. */
  named(name: string, id: string): void;
  id(name: string): string;
  /** Adds what the scenario saw to what is compared. */
  note(what: string, value: unknown): void;
  /**
   * Stops the service, on whichever engine, and starts it again on the same database. `lastAct` is played just before it: there
   * begins what would be over otherwise before all others are ready.
   */
  restart(lastAct?: () => Promise<void>): Promise<void>;
}

export interface StartOptions {
  query?: string;
  headers?: Record<string, string>;
}

export interface Outcome {
  status: string;
  result?: unknown;
  error?: { code: string; message: string; details?: unknown } | null;
}

export interface Scenario {
  name: string;
  /** Whether it calls `restart`: such a story can begin on one engine and end on the other. */
  restarts: boolean;
  play(stage: Stage): Promise<void>;
}

/** A scenario that one service plays from beginning to end. */
export function scenario(name: string, play: (stage: Stage) => Promise<void>): Scenario {
  return { name, restarts: false, play };
}

/** A scenario in whose middle the service is restarted, once. */
export function restarting(name: string, play: (stage: Stage) => Promise<void>): Scenario {
  return { name, restarts: true, play };
}

/** A scenario of one run that needs nobody. */
export function single(name: string, workflow: string, input?: unknown, options?: StartOptions): Scenario {
  return scenario(name, async (stage) => {
    await stage.run('run', workflow, input, options);
  });
}
