// Numbers for the steps of branches that run at the same time: each branch counts by itself, so that which one is faster never matters.

import context from '@dbos-inc/dbos-sdk/internal/context';
import { TerminalError } from '../core/errors.ts';

/** The SDK numbers a run's steps with this field of the run's context: an implementation detail of the pinned version. */
interface NumberedContext {
  curWFFunctionId?: number;
}

/**
 * Counts the steps of one branch of several. Branch `index` of `width`, begun at `first`, uses the numbers
 * `first + index`, `first + index + width`, `first + index + 2 * width`, …: no two branches share one, nesting multiplies the
 * stride, and nothing has to be known beforehand of how many steps a branch will take.
 */
class BranchNumbers {
  readonly stride: number;
  readonly #start: number;
  #taken = 0;

  constructor(start: number, stride: number) {
    this.#start = start;
    this.stride = stride;
  }

  /** The number of the next step. */
  get next(): number {
    return this.#start + this.#taken * this.stride;
  }

  /** How many numbers were used. */
  get taken(): number {
    return this.#taken;
  }

  skip(count: number): void {
    this.#taken += count;
  }
}

const numbersOf = new WeakMap<object, BranchNumbers>();

/**
 * Runs `fn` for every item, at most `limit` at a time, each with step numbers of its own, and returns the results in the order of
 * the items. When branches fail, the others are still run to their end; then the first failure (in the order of the items) is
 * thrown. To be called in a workflow's body only, and awaited before the body makes its next durable call.
 * @throws TerminalError `parallel_overlap` from a durable call that the body makes meanwhile.
 */
export async function runBranches<Item, Result>(
  items: readonly Item[],
  fn: (item: Item, index: number) => Promise<Result>,
  limit: number,
): Promise<Result[]> {
  const parent = context.getCurrentContextStore() as NumberedContext;
  const own = numbersOf.get(parent);
  const first = parent.curWFFunctionId ?? 0;
  const stride = own?.stride ?? 1;
  const branches = items.map((_, index) => new BranchNumbers(first + index * stride, stride * items.length));
  seal(parent);
  const outcomes = await settleLimited(items, limit, (item, index) =>
    inBranch(branches[index]!, () => fn(item, index)),
  );
  const rounds = branches.reduce((most, branch) => Math.max(most, branch.taken), 0);
  if (own) {
    own.skip(rounds * items.length);
    countWith(parent, own);
  } else {
    Object.defineProperty(parent, 'curWFFunctionId', {
      value: first + rounds * items.length,
      writable: true,
      configurable: true,
    });
  }
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<Result>).value);
}

/** Runs `body` in a copy of the run's context whose step counter is the branch's. */
async function inBranch<T>(numbers: BranchNumbers, body: () => Promise<T>): Promise<T> {
  const store: NumberedContext = { ...context.getCurrentContextStore() };
  countWith(store, numbers);
  return context.runWithTopContext(store, body);
}

/** Lets the SDK's `store.curWFFunctionId++` count with `numbers`. */
function countWith(store: NumberedContext, numbers: BranchNumbers): void {
  numbersOf.set(store, numbers);
  Object.defineProperty(store, 'curWFFunctionId', {
    get: () => numbers.next,
    set: () => {
      numbers.skip(1);
    },
    enumerable: true,
    configurable: true,
  });
}

/** Refuses numbers to the body itself while its branches run: which number it would get would depend on their speed. */
function seal(store: NumberedContext): void {
  Object.defineProperty(store, 'curWFFunctionId', {
    get: refuseOverlap,
    set: refuseOverlap,
    enumerable: false,
    configurable: true,
  });
}

function refuseOverlap(): never {
  throw new TerminalError(
    'parallel_overlap',
    'A durable call was made while parallel() was still running in the same body: await parallel() first, or make the call one of its branches.',
  );
}

async function settleLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  fn: (item: Item, index: number) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  const outcomes: PromiseSettledResult<Result>[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const [outcome] = await Promise.allSettled([fn(items[index]!, index)]);
      outcomes[index] = outcome!;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return outcomes;
}
