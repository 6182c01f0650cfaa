// The key by which the other side of an outside effect recognises a repeat: made of the run and the step, never of the arguments.

import { createHash } from 'node:crypto';

/**
 * Returns the idempotency key of a step: the same over retries, crashes and failover, another one for every other step or run.
 * `generation` is 0 and grows only when a person rewinds a run with its effects.
 */
export function idempotencyKey(runId: string, stepPath: string, generation = 0): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([runId, stepPath, generation]))
    .digest('base64url');
  return `hf_${digest.slice(0, 32)}`;
}
