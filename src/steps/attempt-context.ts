// What one attempt of a step knows of itself.

import { idempotencyKey } from '../core/idempotency-key.ts';
import type { StepIdentity } from '../engine/checkpoint.ts';
import type { StepContext } from './context.ts';

/**
 * What most bodies have no use for is made when they first look at it. This is a class because every object literal with a getter has a
 * hidden class of its own, which keeps all that the getter can see in memory until the next full garbage collection.
 */
export class AttemptContext implements StepContext {
  readonly runId: string | undefined;
  readonly stepId: number | undefined;
  readonly name: string;
  readonly attempt: number;
  readonly tenant: string | undefined;
  readonly #identity: StepIdentity | undefined;
  readonly #timeout: AbortSignal | undefined;
  #signal: AbortSignal | undefined;

  constructor(name: string, attempt: number, identity: StepIdentity | undefined, timeout: AbortSignal | undefined) {
    this.runId = identity?.runId;
    this.stepId = identity?.stepId;
    this.name = name;
    this.attempt = attempt;
    this.tenant = identity?.tenant;
    this.#identity = identity;
    this.#timeout = timeout;
  }

  get idempotencyKey(): string | undefined {
    const { runId, stepId } = this;
    return runId === undefined ? undefined : idempotencyKey(runId, String(stepId));
  }

  /** Watching for a cancellation is not free. */
  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([this.#timeout, this.#identity?.cancelled()].filter((part) => part !== undefined));
    return this.#signal;
  }
}
