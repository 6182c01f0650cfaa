// Two processes, either of which may be killed at any moment; then another one is started in its place. And the storm that kills them.

import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from './random.ts';
import type { World } from './world.ts';

/** A process that takes work. */
export interface Executor {
  /** Kills it with SIGKILL, and resolves when it is gone. */
  kill(): Promise<unknown>;
}

const PLACES = 2;
/** From one kill to the next, on average, once both processes are there. */
const PAUSE_MS = 200;
const LOOK_AGAIN_MS = 5;

export class Places<E extends Executor> {
  readonly #start: () => Promise<E>;
  readonly #ready = new Map<number, E>();
  readonly #starting = new Set<Promise<void>>();
  #failure: unknown;
  kills = 0;

  constructor(start: () => Promise<E>) {
    this.#start = start;
  }

  /** Starts one process after the other: the first one makes the tables. */
  async open(): Promise<void> {
    for (let place = 0; place < PLACES; place += 1) await this.#fill(place);
  }

  /** The processes that take work. @throws whatever kept one from being started */
  get ready(): E[] {
    if (this.#failure !== undefined) throw this.#failure as Error;
    return [...this.#ready.values()];
  }

  /** Kills the process that `chance`, in [0, 1), chooses, once both are there: nothing would get done where the only one is killed. */
  async kill(chance: number): Promise<void> {
    while (this.ready.length < PLACES) await delay(LOOK_AGAIN_MS);
    const place = Math.floor(chance * PLACES);
    const executor = this.#ready.get(place)!;
    this.#ready.delete(place);
    await executor.kill();
    this.kills += 1;
    const starting = this.#fill(place).catch((error: unknown) => void (this.#failure ??= error));
    this.#starting.add(starting);
    void starting.finally(() => this.#starting.delete(starting));
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all(this.#starting);
    await Promise.all([...this.#ready.values()].map((executor) => executor.kill()));
  }

  async #fill(place: number): Promise<void> {
    this.#ready.set(place, await this.#start());
  }
}

/** Hands the tickets in, a few before each kill, so that there is work at every one of them. Resolves after the last kill. */
export async function storm<E extends Executor>(
  { tickets, kills, seed }: World,
  places: Places<E>,
  submit: (ticket: string) => void,
): Promise<void> {
  const random = randomFrom(seed + 1);
  let submitted = 0;
  const submitUpTo = (count: number): void => {
    for (const { id } of tickets.slice(submitted, count)) submit(id);
    submitted = Math.max(submitted, count);
  };
  for (let n = 1; n <= kills; n += 1) {
    submitUpTo(Math.ceil((tickets.length * n) / kills));
    await delay(2 * PAUSE_MS * random());
    await places.kill(random());
  }
  submitUpTo(tickets.length);
}
