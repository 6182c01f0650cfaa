// Which bodies of steps have called models: what they got for it would be lost if they were left, and asked and paid for once more.

import type { CallScope } from '../calls/call.ts';

type Caller = Pick<CallScope, 'waits'>;

/** Counts the calls of each body of a step that were made and have not failed. A body is told apart by whom it tells that it waits. */
export class Bodies {
  readonly #calls = new WeakMap<object, number>();

  /** A call is made. */
  began({ waits }: Caller): void {
    if (waits) this.#calls.set(waits, (this.#calls.get(waits) ?? 0) + 1);
  }

  /** A call was made in vain: nothing is lost with it. */
  failed({ waits }: Caller): void {
    if (waits) this.#calls.set(waits, (this.#calls.get(waits) ?? 1) - 1);
  }

  /** Whether nothing is lost when the body is left. */
  mayBeLeft({ waits }: Caller): boolean {
    return waits === undefined || (this.#calls.get(waits) ?? 0) === 0;
  }
}
