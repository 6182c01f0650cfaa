// What one attempt of a step knows of itself.

import { idempotencyKey } from '../core/idempotency-key.ts';
import type { StepIdentity } from '../engine/checkpoint.ts';
import type { StepContext } from './context.ts';

/** What most bodies have no use for, and is made when they first look at it. */
interface Unmade {
  identity: StepIdentity | undefined;
  timeout: AbortSignal | undefined;
  signal?: AbortSignal;
}

const UNMADE = Symbol('unmade');

export class AttemptContext implements StepContext {
  readonly runId: string | undefined;
  readonly stepId: number | undefined;
  readonly name: string;
  readonly attempt: number;
  readonly tenant: string | undefined;
  declare readonly signal: AbortSignal;
  declare readonly idempotencyKey: string | undefined;
  readonly [UNMADE]: Unmade;

  constructor(name: string, attempt: number, identity: StepIdentity | undefined, timeout: AbortSignal | undefined) {
    this.runId = identity?.runId;
    this.stepId = identity?.stepId;
    this.name = name;
    this.attempt = attempt;
    this.tenant = identity?.tenant;
    this[UNMADE] = { identity, timeout };
    Object.defineProperty(this, 'signal', SIGNAL);
    Object.defineProperty(this, 'idempotencyKey', IDEMPOTENCY_KEY);
  }
}

/**
 * These are properties of each context, so that copies have them, and their getters are shared by all. Getters of an object literal would
 * give each object a hidden class of its own, which stays in memory, with all that they can see, until the next full garbage collection.
 */
const SIGNAL: PropertyDescriptor & ThisType<AttemptContext> = {
  enumerable: true,
  get() {
    const unmade = this[UNMADE];
    const { timeout, identity } = unmade;
    // Watching for a cancellation is not free.
    unmade.signal ??= AbortSignal.any([timeout, identity?.cancelled()].filter((part) => part !== undefined));
    return unmade.signal;
  },
};

const IDEMPOTENCY_KEY: PropertyDescriptor & ThisType<AttemptContext> = {
  enumerable: true,
  get() {
    const { identity } = this[UNMADE];
    return identity && idempotencyKey(identity.runId, String(identity.stepId));
  },
};
