// Writes what models say: at most one statement in a tenth of a second for all runs of the process, beside whatever they do.

import type { Knex } from 'knex';
import { isConnectionError } from '../core/connection-error.ts';
import { pause } from '../lib/pause.ts';
import { appendChunks, type Owners, removeChunks, replaceChunks, type TokenChunk } from '../store/token-chunks.ts';
import { type SpeakingStep, type StreamKeeper, TokenStream } from './token-stream.ts';

export interface TokenWriterOptions {
  db: Knex;
  log: { warn(message: string): void };
  /** Told of a run of which there are new tokens, or a new record of a step that has said something. */
  onNews: (runId: string, what: 'tokens' | 'record') => void;
}

const EVERY_MS = 100;
const AFTER_LOSS_MS = 500;
const STOPS_WITHIN_MS = 2000;

/**
 * Writes streams in rounds. What is said while a round is under way waits for the next one, so that a slow database gets fewer and
 * larger writes, and models are never waited for.
 */
export class TokenWriter implements StreamKeeper {
  readonly #options: TokenWriterOptions;
  readonly #speaking = new Set<TokenStream>();
  #keeping: { stream: TokenStream; done: () => void }[] = [];
  #over: { runId: string; stepId: number }[] = [];
  #round: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextAt = 0;
  #isUrgent = false;
  #isStopped = false;

  constructor(options: TokenWriterOptions) {
    this.#options = options;
  }

  wake(stream: TokenStream): void {
    this.#speaking.add(stream);
    this.#schedule();
  }

  keep(stream: TokenStream): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#keeping.push({ stream, done: resolve });
    // A step that has ended does not wait for the next round.
    this.#isUrgent = true;
    this.#schedule();
    return promise;
  }

  /** The step is recorded. What there is of it is removed, unless it `isKept`. */
  recorded({ runId, stepId }: TokenStream, isKept: boolean): void {
    if (!isKept) this.#over.push({ runId, stepId });
    this.#options.onNews(runId, 'record');
    this.#schedule();
  }

  /** Writes what there is to be written, and ends. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    const waiting = new AbortController();
    const last = (this.#round ?? Promise.resolve()).then(() => this.#begin(true));
    this.#isStopped = true;
    await Promise.race([last, pause(STOPS_WITHIN_MS, waiting.signal).catch(() => {})]);
    waiting.abort();
  }

  #schedule(): void {
    const isIdle = this.#speaking.size === 0 && this.#keeping.length === 0 && this.#over.length === 0;
    if (this.#round || this.#isStopped || isIdle) return;
    const wait = this.#isUrgent ? 0 : Math.max(0, Math.ceil(this.#nextAt - performance.now()));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#begin(), wait);
  }

  async #begin(isLast = false): Promise<void> {
    this.#isUrgent = false;
    this.#round = this.#write(isLast || performance.now() >= this.#nextAt);
    await this.#round;
    this.#round = undefined;
    this.#schedule();
  }

  /** Steps that have ended are written in each round, and what is said only when it `isDue`. */
  async #write(isDue: boolean): Promise<void> {
    if (isDue) this.#nextAt = performance.now() + EVERY_MS;
    await this.#replace();
    if (!isDue) return;
    await this.#append();
    await this.#remove();
  }

  async #append(): Promise<void> {
    const streams = [...this.#speaking];
    this.#speaking.clear();
    const written = await this.#inOneStatement(appendChunks, streams, (stream) => stream.next());
    for (const [stream, chunk] of written.done) {
      if (stream.wrote(chunk)) this.#speaking.add(stream);
    }
    for (const stream of written.left) this.#speaking.add(stream);
  }

  async #replace(): Promise<void> {
    const keeping = this.#keeping;
    this.#keeping = [];
    const streams = keeping.map(({ stream }) => stream);
    const { left } = await this.#inOneStatement(replaceChunks, streams, (stream) => stream.all());
    for (const kept of keeping) {
      if (left.has(kept.stream)) {
        this.#keeping.push(kept);
        continue;
      }
      kept.stream.silence();
      kept.done();
    }
  }

  /** Writes a chunk of each stream. `left` are those that are to be tried again; whoever cannot be written is silent from now on. */
  async #inOneStatement(
    write: (db: Knex, chunks: readonly TokenChunk[]) => Promise<Owners>,
    streams: readonly TokenStream[],
    chunkOf: (stream: TokenStream) => TokenChunk | undefined,
  ): Promise<{ done: Map<TokenStream, TokenChunk>; left: Set<TokenStream> }> {
    const chunks = new Map<TokenStream, TokenChunk>();
    for (const stream of streams) {
      const chunk = chunkOf(stream);
      if (chunk) chunks.set(stream, chunk);
    }
    const done = new Map<TokenStream, TokenChunk>();
    const left = new Set<TokenStream>();
    const owners =
      chunks.size === 0 ? undefined : await this.#tried(() => write(this.#options.db, [...chunks.values()]));
    for (const [stream, chunk] of chunks) {
      const owner = owners === 'lost' ? undefined : owners?.get(chunk.runId);
      if (owner === chunk.token) done.set(stream, chunk);
      else if (owners === 'lost' || (owner === undefined && owners && stream.mayWait())) left.add(stream);
      else stream.silence();
    }
    for (const { runId } of done.values()) this.#options.onNews(runId, 'tokens');
    return { done, left };
  }

  async #remove(): Promise<void> {
    const over = this.#over;
    this.#over = [];
    if (over.length === 0) return;
    const result = await this.#tried(() => removeChunks(this.#options.db, over));
    if (result === 'lost') this.#over.push(...over);
  }

  /** Returns what `statement` does; `lost` where the database was not there, undefined where it failed. */
  async #tried<T>(statement: () => Promise<T>): Promise<T | 'lost' | undefined> {
    try {
      return await statement();
    } catch (error) {
      if (isConnectionError(error)) {
        this.#nextAt = performance.now() + AFTER_LOSS_MS;
        return 'lost';
      }
      this.#options.log.warn(`What models say could not be streamed: ${(error as Error).message}`);
      return undefined;
    }
  }
}

/** The tokens of one call of a step, over its attempts. */
export class StepTokens {
  readonly #writer: TokenWriter;
  #last: TokenStream | undefined;

  constructor(writer: TokenWriter) {
    this.#writer = writer;
  }

  /** Returns the stream of the next attempt. */
  attempt(step: SpeakingStep): TokenStream {
    this.#last = new TokenStream(step, this.#writer, this.#last);
    return this.#last;
  }

  /** The step's result is recorded. */
  recorded(): void {
    if (this.#last?.isUsed) this.#writer.recorded(this.#last, !this.#last.isRecorded);
  }

  /** The step's error is recorded. */
  failed(): void {
    if (!this.#last?.isUsed) return;
    this.#last.silence();
    this.#writer.recorded(this.#last, false);
  }
}
