// Several processes of the app `storm` on one database. Any of them may be gone at any moment; another one is there in its place.

import { setTimeout as delay } from 'node:timers/promises';
import type { CallOptions, CallResult, ChildService } from '../../../src/testing.ts';
import { namedUrl } from './journal.ts';

/** Starts a process; see `WorkWorld.start`. */
type Start = (options: { databaseUrl: string; env: NodeJS.ProcessEnv }) => Promise<ChildService>;

const PATIENCE_MS = 60_000;

export class Fleet {
  readonly #start: Start;
  /** What each place's process reaches the database by. */
  readonly #urls: readonly string[];
  readonly #ready = new Map<number, ChildService>();
  readonly #starting = new Set<Promise<void>>();
  #started = 0;
  #failure: unknown;

  constructor(start: Start, urls: readonly string[]) {
    this.#start = start;
    this.#urls = urls;
  }

  /** Starts a process in each place. */
  async start(): Promise<void> {
    await Promise.all(this.#urls.map((_, place) => this.#fill(place)));
  }

  /** The processes that take requests. */
  get ready(): ChildService[] {
    return [...this.#ready.values()];
  }

  /**
   * Kills one process with SIGKILL, chosen by a number in [0, 1), and starts another one in its place at once. Waits until there are
   * two that are ready, because nothing would get done where the only one is always killed.
   */
  async kill(chance: number): Promise<void> {
    await this.#untilReady(2);
    await this.#replace([...this.#ready.keys()].sort((a, b) => a - b)[Math.floor(chance * this.#ready.size)]!);
  }

  /** Kills all that are ready, at the same time. */
  async killAll(): Promise<void> {
    await this.#untilReady(2);
    await Promise.all([...this.#ready.keys()].map((place) => this.#replace(place)));
  }

  /** Sends a request to some process until one of them answers it: the request has to be one that can be repeated. */
  async call<Body>(method: string, path: string, options: CallOptions = {}): Promise<CallResult<Body>> {
    let last: unknown = 'none was ready';
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await delay(50)) {
      this.#assertWhole();
      const child = this.ready[Math.floor(Math.random() * this.#ready.size)];
      if (!child) continue;
      try {
        const answer = await child.call<Body>(method, path, { ...options, signal: AbortSignal.timeout(5000) });
        if (answer.status < 500) return answer;
        last = answer.body;
      } catch (error) {
        last = error;
      }
    }
    throw new Error(`No process answered ${method} ${path}.`, { cause: last });
  }

  /** Waits for those that are just starting, and stops all of them. */
  async stop(): Promise<void> {
    await Promise.all(this.#starting);
    const children = this.ready;
    this.#ready.clear();
    await Promise.all(children.map((child) => child.kill('SIGTERM')));
    this.#assertWhole();
  }

  async #fill(place: number): Promise<void> {
    const name = `process${this.#started}`;
    this.#started += 1;
    const start = (): Promise<ChildService> =>
      this.#start({ databaseUrl: namedUrl(this.#urls[place]!, name), env: { PROCESS_NAME: name } });
    // A process that loses its database while it starts ends, and is started again, as a supervisor would do.
    this.#ready.set(place, await start().catch(start));
  }

  async #replace(place: number): Promise<void> {
    const child = this.#ready.get(place)!;
    this.#ready.delete(place);
    await child.kill('SIGKILL');
    const starting = this.#fill(place).catch((error: unknown) => void (this.#failure ??= error));
    this.#starting.add(starting);
    void starting.finally(() => this.#starting.delete(starting));
  }

  async #untilReady(count: number): Promise<void> {
    for (; this.#ready.size < count; await delay(5)) this.#assertWhole();
  }

  #assertWhole(): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
  }
}
