// What the body of a step knows of the cancellation of its run.

import type system from '@dbos-inc/dbos-sdk/internal/system_database';
import type { Execution } from './execution.ts';

/** What the SDK gives to whoever watches. */
export type CancellationWatch = ReturnType<InstanceType<typeof system.SystemDatabase>['watchForCancellation']>;

/** Counts a body as under way until it is released. The SDK begins to watch when somebody looks at the signal: most bodies never do. */
export class BodyWatch implements CancellationWatch {
  readonly #execution: Execution;
  readonly #begin: () => CancellationWatch;
  #watch: CancellationWatch | undefined;
  #isReleased = false;

  constructor(execution: Execution, begin: () => CancellationWatch) {
    this.#execution = execution;
    this.#begin = begin;
    execution.enter();
  }

  get signal(): AbortSignal {
    return (this.#watch ??= this.#watched()).signal;
  }

  get cancelled(): boolean {
    return this.#watch?.cancelled ?? false;
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#execution.leave();
    if (!this.#watch) return;
    this.#watch.release();
    this.#execution.watches.delete(this.#watch);
  }

  #watched(): CancellationWatch {
    const watch = this.#begin();
    // The body has ended, or will not go on here: nobody would release it.
    if (this.#isReleased || this.#execution.isParked) watch.release();
    else this.#execution.watches.add(watch);
    return watch;
  }
}
