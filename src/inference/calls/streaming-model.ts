// A model whose answers are heard while it gives them: whoever asks for an answer gets it whole all the same.

import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { DeltaType } from '../../core/tokens.ts';
import { brokenOff, isSaying, StreamedAnswer } from './streamed-answer.ts';
import { through } from '../../lib/through.ts';

/** Hears what a model says in one call. None of these may throw or block. */
export interface Listener {
  /** Parts are numbered from 0 within the call, in the order in which they begin; one ends before the next one is heard. */
  heard(part: number, type: DeltaType, text: string): void;
  /** The call has failed: what was heard of it is void. */
  failed(): void;
}

/** Returns `model` with a listener, which `listen` makes, for each of its calls. Answers are those of `doStream`. */
export function streamingModel(model: LanguageModelV4, listen: () => Listener): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    get provider() {
      return model.provider;
    },
    get modelId() {
      return model.modelId;
    },
    get supportedUrls() {
      return model.supportedUrls;
    },
    async doGenerate(options) {
      const streamed = await model.doStream(options);
      const answer = new StreamedAnswer();
      for await (const part of heard(streamed.stream, listen())) {
        if (part.type === 'error') throw part.error;
        answer.add(part);
      }
      return answer.result(streamed);
    },
    async doStream(options) {
      const streamed = await model.doStream(options);
      return { ...streamed, stream: through(streamed.stream, (parts) => heard(parts, listen())) };
    },
  };
}

/** Hands on the parts of a stream, and tells the listener of what is said. A reader that leaves early has not let the call fail. */
async function* heard(
  stream: AsyncIterable<LanguageModelV4StreamPart>,
  listener: Listener,
): AsyncGenerator<LanguageModelV4StreamPart> {
  const order = new SpokenOrder(listener);
  let end: 'finish' | 'error' | undefined;
  try {
    for await (const part of stream) {
      if (part.type === 'error' && end !== 'error') listener.failed();
      if (part.type === 'finish' || part.type === 'error') end = end === 'error' ? end : part.type;
      if (end !== 'error') order.add(part);
      yield part;
    }
    if (!end) throw brokenOff();
    if (end === 'finish') order.end();
  } catch (error) {
    if (end !== 'error') listener.failed();
    throw error;
  }
}

interface SpokenPart {
  type: DeltaType;
  /** What was said and is not heard yet. */
  waiting: string;
  number: number | undefined;
  isOver: boolean;
}

/** Lets parts be heard one after the other, as they stand in the answer, also where a provider sends them at the same time. */
class SpokenOrder {
  readonly #listener: Listener;
  readonly #parts = new Map<string, SpokenPart>();
  /** Those that are not over, and what waits behind them. */
  #open: SpokenPart[] = [];
  #numbers = 0;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  add(part: LanguageModelV4StreamPart): void {
    if (!isSaying(part)) return;
    const [type, what] = part.type.split('-') as [DeltaType, string];
    const key = `${type} ${part.id}`;
    if (what === 'start' || !this.#parts.has(key)) this.#begin(key, type);
    const spoken = this.#parts.get(key)!;
    if ('delta' in part) spoken.waiting += part.delta;
    if (what === 'end') spoken.isOver = true;
    this.#speak();
  }

  /** The answer is complete. */
  end(): void {
    for (const part of this.#open) part.isOver = true;
    this.#speak();
  }

  #begin(key: string, type: DeltaType): void {
    const part: SpokenPart = { type, waiting: '', number: undefined, isOver: false };
    this.#parts.set(key, part);
    this.#open.push(part);
  }

  #speak(): void {
    for (;;) {
      const part = this.#open[0];
      if (!part) return;
      if (part.waiting !== '') {
        part.number ??= this.#numbers++;
        this.#listener.heard(part.number, part.type, part.waiting);
        part.waiting = '';
      }
      if (!part.isOver) return;
      this.#open.shift();
    }
  }
}
