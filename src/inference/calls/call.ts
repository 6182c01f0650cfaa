// A call of a model: on whose behalf it is made, what it is expected to use, what it has to pass, and how it ended.

import type { Caching } from '../../core/answer-cache.ts';
import type { HoldfastError } from '../../core/errors.ts';
import type { Fingerprint } from '../../core/fingerprint.ts';
import type { WaitForRecovery } from '../../core/wait-for-recovery.ts';
import type { WaitForRoom } from '../../core/wait-for-room.ts';
import type { CallUsage, TokenEstimate } from '../../core/token-usage.ts';
import type { Settlement } from '../../store/model-calls.ts';
import type { Endpoint } from '../registry/endpoint.ts';

/** On whose behalf a model is called; the step that calls it says so. */
export interface CallScope {
  /** Undefined outside of any run. */
  runId: string | undefined;
  stepId: number | undefined;
  step: string;
  attempt: number;
  tenant: string | undefined;
  /** Aborted when the attempt's time is up, or the run was cancelled. */
  readonly signal: AbortSignal;
  /** Hashes of what it asks with, where it knows better than the call itself. */
  fingerprint?: Fingerprint | undefined;
  /** Whether an answer to the same question may be given again. */
  caching?: Caching | undefined;
  /** Leaves it to the step to settle the call in the commit of its checkpoint. Returns false where it cannot: then settle it now. */
  settleWithStep(settlement: Settlement): boolean;
  /** Told that a call has to wait: what is thrown then may not come out of the caller's code as it was. */
  waits?: ((reason: WaitForRoom | WaitForRecovery) => void) | undefined;
}

/** A call of one endpoint, before it is made. */
export interface PlannedCall {
  /** A UUIDv7. */
  id: string;
  scope: CallScope;
  class: string;
  endpoint: Endpoint;
  estimate: TokenEstimate;
  /** Why this endpoint; recorded. */
  choice: Record<string, unknown>;
  /** Hashes of what the model is asked with; recorded. */
  fingerprint: Record<string, unknown> | undefined;
}

/** How a call ended; with the headers of the answer where there was one. */
export type CallEnd =
  | { kind: 'answered'; usage: CallUsage; headers?: Record<string, string> | undefined }
  | { kind: 'failed'; error: HoldfastError; headers?: Record<string, string> | undefined };

/** Something that a call has to pass before it is made, such as a limit or a budget. */
export interface Gate {
  /** Resolves when the call may be made. Fails when it may not; nothing is taken then. */
  enter(call: PlannedCall): Promise<Passage>;
}

/** A call that was let through. */
export interface Passage {
  /** The most tokens that the answer may have, where something counts on it: the call has to say so to the model. */
  readonly maxOutputTokens?: number | undefined;
  /** Told once how the call ended. It must not throw. */
  ended(end: CallEnd): void;
}
