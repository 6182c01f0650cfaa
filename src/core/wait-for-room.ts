// Thrown out of a step's body by a call that would have to wait for room in a bucket: the step waits outside of its body, and calls it again.

import { errorWithin } from './error-within.ts';
import { RetryableError } from './errors.ts';

/** Lets a wait end: calls `ended` when there is room. Returns how to stop listening for that. */
export type ListenForRoom = (ended: () => void) => () => void;

/** It is no failure, and no attempt. Where nobody waits for it, it is one that may be tried again. */
export class WaitForRoom extends RetryableError {
  readonly listen: ListenForRoom;
  /** When to look again, in milliseconds from now; undefined for a call with a place in line, which is told when it is its turn. */
  readonly lookAgainMs: number | undefined;

  constructor(name: string, waitMs: number, listen: ListenForRoom, isInLine = false) {
    super('model_room', `${name} has no room for this call within ${Math.ceil(waitMs)} ms.`, { retryAfterMs: waitMs });
    this.listen = listen;
    this.lookAgainMs = isInLine ? undefined : waitMs;
  }
}

/** Returns the wait that `error` asks for, whatever it was wrapped in. */
export function waitForRoomIn(error: unknown): WaitForRoom | undefined {
  return errorWithin(error, (inner) => inner instanceof WaitForRoom);
}
