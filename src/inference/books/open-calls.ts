// The calls that a process has entered in the books, until what became of them is written.

import type { NewModelCall, Settlement } from '../../store/model-calls.ts';

interface OpenCall {
  call: NewModelCall;
  settlement?: Settlement;
  /** When it ended, by `performance.now()`, for one that is left to the checkpoint of its step; -Infinity for one that nobody else settles. */
  endedAt: number;
}

export class OpenCalls {
  readonly #calls = new Map<string, OpenCall>();

  /** The call is in the books, and about to be made. */
  entered(call: NewModelCall): void {
    this.#calls.set(call.id, { call, endedAt: Infinity });
  }

  /** The call has ended. `isLeft` tells that the checkpoint of its step settles it. */
  ended(settlement: Settlement, isLeft: boolean): void {
    const open = this.#calls.get(settlement.id);
    if (open) Object.assign(open, { settlement, endedAt: isLeft ? performance.now() : -Infinity });
  }

  /** Returns how the calls have ended that nobody else settles, and those that were left to checkpoints more than `ageMs` milliseconds ago. */
  due(ageMs: number): Settlement[] {
    const until = performance.now() - ageMs;
    return [...this.#calls.values()].flatMap(({ settlement, endedAt }) =>
      settlement && endedAt <= until ? [settlement] : [],
    );
  }

  /** What became of them is written. */
  settled(settlements: readonly Settlement[]): void {
    for (const { id } of settlements) this.#calls.delete(id);
  }

  /** Returns all calls whose entries have to be there. */
  entries(): NewModelCall[] {
    return [...this.#calls.values()].map(({ call }) => call);
  }
}
