// One measured part: a process of its own, which says what it measured to the process that started it, and ends with it.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What is measured: our engine, the SDK's own on the same tables, and single-row commits through the same driver. */
export type System = 'holdfast' | 'stock' | 'commits';

/** What a part is given. */
export interface Task {
  /** The name of the function in `child.ts` that does it. */
  part: string;
  system: System;
  /** The database: empty, or what other parts left in it. */
  url: string;
  params: Record<string, string | number>;
  quick: boolean;
}

/** Values by the name of their metric. */
export type Figures = Record<string, number>;

interface Message {
  name: string;
  figures: Figures;
}

const LONGEST_PART_MS = 15 * 60_000;
/** The program of the parts of the engine's bench. */
const ENGINE_PARTS = new URL('./child.js', import.meta.url);

/** A running part. */
export class Part {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #error: Error | undefined;
  readonly #told = new Map<string, PromiseWithResolvers<Figures>>();

  /** `program` is what does the task, which it is given as JSON. */
  constructor(task: { part: string; system: string }, program: URL = ENGINE_PARTS) {
    this.#child = fork(fileURLToPath(program), [JSON.stringify(task)], {
      execArgv: ['--expose-gc'],
      timeout: LONGEST_PART_MS,
    });
    this.#child.on('message', (message) => {
      const { name, figures } = message as Message;
      this.#slot(name).resolve(figures);
    });
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      this.#error = new Error(`The part '${task.part}' of ${task.system} ended with ${signal ?? code}.`);
      for (const slot of this.#told.values()) slot.reject(this.#error);
    });
  }

  /** Resolves when the part says `name`. Rejects when it ends before that. */
  async says(name: string): Promise<Figures> {
    const slot = this.#slot(name);
    if (this.#error) slot.reject(this.#error);
    return slot.promise;
  }

  /** Kills the process, as a crash would, and resolves when it is gone. Returns the moment of the kill, see `wallClock`. */
  async kill(): Promise<number> {
    const at = wallClock();
    this.#child.kill('SIGKILL');
    await this.#ended;
    return at;
  }

  #slot(name: string): PromiseWithResolvers<Figures> {
    const slot = this.#told.get(name) ?? Promise.withResolvers<Figures>();
    // Who asks for it sees the rejection; nobody may be asking.
    slot.promise.catch(() => {});
    this.#told.set(name, slot);
    return slot;
  }
}

/** Runs a part that measures by itself, and returns its figures. */
export async function measureInProcess(task: Task): Promise<Figures> {
  const part = new Part(task);
  try {
    return await part.says('figures');
  } finally {
    await part.kill();
  }
}

/** Tells the process that started this one. */
export function tell(name: string, figures: Figures = {}): void {
  process.send!({ name, figures } satisfies Message);
}

/** Milliseconds since 1970, finer than a millisecond, and the same for all processes of this machine. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
