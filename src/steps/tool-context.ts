// The surroundings of a tool's body: who acts, under which key, and what it may act with.

import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { HoldfastError } from '../core/errors.ts';
import { idempotencyKey } from '../core/idempotency-key.ts';
import type { ToolContext } from '../define/tool.ts';
import type { StepIdentity } from '../engine/checkpoint.ts';
import { db } from '../engine/data-source.ts';
import type { StepContext } from './context.ts';
import { SENDER, type SendingContext } from './effect-call.ts';
import { effectFetch } from './effect-fetch.ts';
import type { EffectIdentity } from './receipt.ts';

/** Who acts: the step that `stepContext()` returns. */
type Actor = Pick<StepContext, 'runId' | 'stepId' | 'attempt' | 'tenant' | 'signal' | 'idempotencyKey'>;

/** Returns the surroundings of a body that acts outside on behalf of `tool`, as `actor`, and under its key unless another one is given. */
export function outsideContext(
  receipts: Knex,
  tool: string,
  actor: Actor,
  key: string = actor.idempotencyKey!,
): SendingContext {
  const { attempt } = actor;
  // A tool's call belongs to a run.
  const [runId, stepId, tenant] = [actor.runId!, actor.stepId!, actor.tenant!];
  const traceparent = traceparentOf(runId, key);
  const identity = (): EffectIdentity => ({ runId, stepId, tool, key, attempt, traceparent, signal: actor.signal });
  let fetch: typeof globalThis.fetch | undefined;
  return {
    get [SENDER]() {
      return { db: receipts, identity: identity() };
    },
    runId,
    stepId,
    attempt,
    tenant,
    idempotencyKey: key,
    get signal() {
      return actor.signal;
    },
    get fetch() {
      return (fetch ??= effectFetch(receipts, identity()));
    },
    get db(): never {
      throw new HoldfastError(
        'not_in_transaction',
        `'${tool}' used db, which only tools with effect: 'transactional' have.`,
      );
    },
  };
}

/** Returns the surroundings of the body of the transactional tool `tool`, to be called in its transaction. */
export function transactionalContext(tool: string, identity: StepIdentity): ToolContext {
  const { runId, stepId, tenant } = identity;
  return {
    runId,
    stepId,
    attempt: 1,
    tenant,
    idempotencyKey: idempotencyKey(runId, String(stepId)),
    get signal() {
      return identity.cancelled();
    },
    get fetch(): never {
      throw new HoldfastError(
        'fetch_in_transaction',
        `'${tool}' used fetch in a transaction, which cannot take back what was sent: make it a tool of another effect.`,
      );
    },
    db: db(),
  };
}

/** A trace of its own for each run, and in it a span for each call (W3C Trace Context, level 1). */
function traceparentOf(runId: string, key: string): string {
  return `00-${digest(runId, 32)}-${digest(key, 16)}-01`;
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
