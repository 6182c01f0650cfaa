// The yardsticks `retry-loop` and `no-retries`: the same tickets in two processes of a plain loop, handed out by a supervisor.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Order, Outcome } from './loop-process.ts';
import { type Executor, Places, storm } from './places.ts';
import type { Records, World } from './world.ts';

/** As many as a lane of the service runs at a time in one process. */
const AT_A_TIME = 10;
const LOOK_AGAIN_MS = 5;
/** How long the loop may take after the last kill. */
const CALM_WITHIN_MS = 180_000;

/** With `retry-loop`, the tickets of a process that was killed are begun anew in another one; with `no-retries` they are lost. */
export async function runLoop(system: 'retry-loop' | 'no-retries', world: World): Promise<Records> {
  const waiting: string[] = [];
  const outcomes = new Map<string, Outcome>();
  let [lost, interruptions] = [0, 0];
  const onDeath = (tickets: string[]): void => {
    interruptions += tickets.length;
    if (system === 'retry-loop') waiting.unshift(...tickets);
    else lost += tickets.length;
  };
  const onOutcome = (outcome: Outcome): void => void outcomes.set(outcome.ticket, outcome);
  const env = { ...world.env, DATABASE_URL: world.databaseUrl };
  const places = new Places(() => LoopProcess.start(system, env, onOutcome, onDeath));
  const startedAt = performance.now();
  await places.open();
  try {
    let isOver = false;
    const storming = storm(world, places, (ticket) => void waiting.push(ticket)).finally(() => (isOver = true));
    storming.catch(() => {});
    let deadline = Infinity;
    while (outcomes.size + lost < world.tickets.length && performance.now() < deadline) {
      if (isOver && deadline === Infinity) deadline = performance.now() + CALM_WITHIN_MS;
      for (const executor of places.ready) {
        while (executor.tickets.size < AT_A_TIME && waiting.length > 0) executor.take(waiting.shift()!);
      }
      await delay(LOOK_AGAIN_MS);
    }
    await storming;
    const seconds = (performance.now() - startedAt) / 1000;
    return { ...recordsOf(outcomes), kills: places.kills, interruptions, seconds };
  } finally {
    await places.close();
  }
}

/** It knows what its runs told it when they ended. */
function recordsOf(outcomes: ReadonlyMap<string, Outcome>): Pick<Records, 'ended' | 'notUnwound' | 'knows' | 'open'> {
  const known = new Set([...outcomes.values()].flatMap((outcome) => outcome.known));
  return {
    ended: new Map([...outcomes.values()].map(({ ticket, status }) => [ticket, status])),
    notUnwound: new Set(),
    knows: ({ id }) => known.has(id),
    open: [],
  };
}

/** One process of the loop. */
class LoopProcess implements Executor {
  /** What it works on. */
  readonly tickets = new Set<string>();
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;

  private constructor(child: ChildProcess, onDeath: (tickets: string[]) => void) {
    this.#child = child;
    this.#gone = once(child, 'exit').then(() => onDeath([...this.tickets]));
  }

  static async start(
    system: string,
    env: Record<string, string>,
    onOutcome: (outcome: Outcome) => void,
    onDeath: (tickets: string[]) => void,
  ): Promise<LoopProcess> {
    const child = fork(fileURLToPath(new URL('./loop-process.js', import.meta.url)), [system], { env });
    const started = new LoopProcess(child, onDeath);
    await once(child, 'message');
    child.on('message', (message) => {
      const outcome = message as Outcome;
      if (started.tickets.delete(outcome.ticket)) onOutcome(outcome);
    });
    return started;
  }

  take(ticket: string): void {
    this.tickets.add(ticket);
    this.#child.send({ ticket } satisfies Order);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }
}
