// What models say in one attempt of a step, on its way to those who follow the run.

import { randomBytes } from 'node:crypto';
import { behind, type Delta, isHighSurrogate, lengthOf, merged } from '../core/tokens.ts';
import type { Listener } from '../inference/calls/streaming-model.ts';
import { storable } from '../lib/storable.ts';
import type { TokenChunk } from '../store/token-chunks.ts';

/** The step that an attempt is one of. */
export interface SpeakingStep {
  runId: string;
  stepId: number;
  /** The token of the execution that has the run, as far as that is known. */
  owner(): string | undefined;
}

/** Where streams are written. */
export interface StreamKeeper {
  /** The stream has something to be written. */
  wake(stream: TokenStream): void;
  /** Resolves when all that the stream has said is written, in the place of everything else that there is of its step. */
  keep(stream: TokenStream): Promise<void>;
}

/** How often the run may be locked by somebody else when the stream is to be written, one time after the other. */
const MOST_WAITS = 100;

/** The tokens of one attempt. It says no more once it has ended, or the run is another execution's. */
export class TokenStream {
  readonly runId: string;
  readonly stepId: number;
  readonly #step: SpeakingStep;
  readonly #keeper: StreamKeeper;
  #token: string | undefined;
  /** Empty until there is something to be written, or a model is listened to. */
  #generation = '';
  #said: Delta[] = [];
  #parts = 0;
  /** How many code units of the generation are written, as far as it is known. */
  #written = 0;
  /** Whether there may be rows of an earlier generation, which the next row makes void. */
  #isVoiding = false;
  /** Of this attempt, or of the failed ones before it. */
  #mayHaveRows = false;
  #state: 'open' | 'ended' | 'silent' = 'open';
  #isRecorded = false;
  #waits = 0;

  /** `previous` is the stream of the attempt before this one, which has failed: what is left of it is this one's to make void. */
  constructor(step: SpeakingStep, keeper: StreamKeeper, previous?: TokenStream) {
    this.runId = step.runId;
    this.stepId = step.stepId;
    this.#step = step;
    this.#keeper = keeper;
    previous?.silence();
    if (!previous || !previous.#mayHaveRows) return;
    this.#mayHaveRows = true;
    this.#isVoiding = true;
    this.#begin();
    keeper.wake(this);
  }

  /** Whether a model was listened to, in this attempt or one before it. */
  get isUsed(): boolean {
    return this.#generation !== '';
  }

  /** Whether the step's record will have what was said. */
  get isRecorded(): boolean {
    return this.#isRecorded;
  }

  /** Returns a listener for one call of a model. */
  listen(): Listener {
    this.#begin();
    const numbers = new Map<number, number>();
    return {
      heard: (part, type, text) => {
        if (!numbers.has(part)) numbers.set(part, this.#parts++);
        this.#say([numbers.get(part)!, type, text]);
      },
      failed: () => this.#takeBack(new Set(numbers.values())),
    };
  }

  /**
   * The step's record will have `said`: nothing more is written. Returns the generation that the record is to name, by which readers
   * know whether it goes on with what they have; a new one where something else was said.
   */
  recordedAs(said: readonly Delta[]): string {
    const isSame = JSON.stringify(merged(this.#said)) === JSON.stringify(said);
    this.#isRecorded = true;
    this.silence();
    return isSame ? this.#generation : newGeneration();
  }

  /** The attempt has a result. Resolves when what was said is kept, where no record will have it. */
  async ended(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    if ((this.#said.length > 0 || this.#mayHaveRows) && this.#token !== undefined) await this.#keeper.keep(this);
  }

  /** The attempt has failed: what was said is void. */
  failed(): void {
    if (this.#state === 'open') this.#takeBack();
    if (this.#state === 'open') this.#state = 'ended';
  }

  /** Nothing more is to be written: all is, or the run is not this execution's any more, or its tokens cannot be written. */
  silence(): void {
    this.#state = 'silent';
  }

  /** The run is locked, or gone. Tells whether it makes sense to wait. */
  mayWait(): boolean {
    this.#waits += 1;
    return this.#waits < MOST_WAITS;
  }

  /** Returns what is to be written next. */
  next(): TokenChunk | undefined {
    if (this.#state === 'silent') return undefined;
    const deltas = whole(behind(this.#said, this.#written));
    if (deltas.length === 0 && !this.#isVoiding) return undefined;
    this.#mayHaveRows = true;
    return this.#chunk(this.#written, deltas);
  }

  /** Returns all that was said. */
  all(): TokenChunk | undefined {
    return this.#state === 'silent' ? undefined : this.#chunk(0, this.#said);
  }

  /** `chunk` is written. Returns whether there is more by now. */
  wrote({ generation, start, deltas }: TokenChunk): boolean {
    this.#waits = 0;
    if (generation === this.#generation) {
      this.#written = start + lengthOf(deltas);
      this.#isVoiding = false;
    }
    return this.#isVoiding || this.#written < lengthOf(this.#said);
  }

  #begin(): void {
    if (this.isUsed) return;
    this.#token = this.#step.owner();
    this.#generation = newGeneration();
  }

  #say(delta: Delta): void {
    if (this.#state !== 'open' || this.#token === undefined) return;
    const [part, type, text] = delta;
    const last = this.#said.at(-1);
    if (last?.[0] === part) this.#said[this.#said.length - 1] = [part, type, last[2] + text];
    else this.#said.push(delta);
    this.#keeper.wake(this);
  }

  /** What was said in these parts, or in all, does not count. The rest is said anew. */
  #takeBack(parts?: ReadonlySet<number>): void {
    const left = parts ? this.#said.filter(([part]) => !parts.has(part)) : [];
    if (this.#state !== 'open' || left.length === this.#said.length) return;
    this.#said = left;
    this.#generation = newGeneration();
    this.#written = 0;
    this.#isVoiding = this.#mayHaveRows;
    this.#keeper.wake(this);
  }

  #chunk(start: number, deltas: readonly Delta[]): TokenChunk {
    const { runId, stepId } = this;
    const held = deltas.map(([part, type, text]): Delta => [part, type, storable(text.toWellFormed())]);
    return { runId, token: this.#token!, stepId, generation: this.#generation, start, deltas: held };
  }
}

/** Returns `deltas` without half a character at their end: its other half is about to come. */
function whole(deltas: Delta[]): Delta[] {
  const last = deltas.at(-1);
  if (!last || !isHighSurrogate(last[2], last[2].length - 1)) return deltas;
  const [part, type, text] = last;
  return text.length === 1 ? deltas.slice(0, -1) : [...deltas.slice(0, -1), [part, type, text.slice(0, -1)]];
}

function newGeneration(): string {
  return randomBytes(6).toString('hex');
}
