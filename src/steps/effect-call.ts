// A call to the outside that is no HTTP request of ours to see, with a receipt like those of the fetch of tools.

import type { Knex } from 'knex';
import { HoldfastError } from '../core/errors.ts';
import type { ToolContext } from '../define/tool.ts';
import { type Answer, type EffectIdentity, type Outgoing, type Unsent, withReceipt } from './receipt.ts';

/** Under this name the surroundings of a tool know what receipts are written with. */
export const SENDER: unique symbol = Symbol('sender');

/** The surroundings of a tool's body, as this room makes them. */
export interface SendingContext extends ToolContext {
  readonly [SENDER]: { db: Knex; identity: EffectIdentity };
}

/** What makes calls on behalf of one execution of a tool's body. */
export interface CallSender {
  readonly idempotencyKey: string;
  /** The W3C trace context of the step. */
  readonly traceparent: string;
  /** Aborted when the attempt's time is up, or the run was cancelled. */
  readonly signal: AbortSignal;
  /**
   * Makes the call between two receipts, and returns the value of its answer. `suffix` makes another key of the step's.
   * @throws TerminalError `idempotency_key_reused`, `run_over`; RetryableError `effect_superseded`; what `call` throws
   */
  send<T>(
    outgoing: Omit<Outgoing, 'key'>,
    call: (key: string, unsent: Unsent) => Promise<Answer<T>>,
    suffix?: string,
  ): Promise<T>;
}

/** Returns what makes calls in the body of a tool with these surroundings. @throws HoldfastError `not_in_step` elsewhere */
export function callSender(context: ToolContext): CallSender {
  const found = (context as Partial<SendingContext>)[SENDER];
  if (!found) {
    throw new HoldfastError(
      'not_in_step',
      'A call to the outside was made without the surroundings of a tool that acts outside.',
    );
  }
  const { db, identity } = found;
  return {
    idempotencyKey: identity.key,
    traceparent: identity.traceparent,
    signal: identity.signal,
    send: (outgoing, call, suffix = '') => {
      const key = `${identity.key}${suffix}`;
      return withReceipt(db, identity, { ...outgoing, key }, (unsent) => call(key, unsent));
    },
  };
}
