// A call of a model that fails because the endpoints of its class are left alone for a while: its step waits until one of them is tried again.

import { errorWithin } from './error-within.ts';
import { RetryableError } from './errors.ts';

/** Where nobody waits for it, it is an attempt that failed. */
export class WaitForRecovery extends RetryableError {
  /** Whether an endpoint was tried with this very call, and had not recovered. */
  readonly wasAsked: boolean;

  /** `cause` is the failure of the endpoint that was tried. */
  constructor(message: string, options: { details: object; retryAfterMs: number; cause: unknown }) {
    super('model_circuit_open', message, options);
    this.wasAsked = options.cause !== undefined;
  }
}

/** Returns the wait that `error` asks for, whatever it was wrapped in. */
export function waitForRecoveryIn(error: unknown): WaitForRecovery | undefined {
  return errorWithin(error, (inner) => inner instanceof WaitForRecovery);
}
