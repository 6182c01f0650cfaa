// A model whose answers are heard while it gives them: whoever asks for an answer gets it whole all the same.

import type {
  LanguageModelV4,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import { RetryableError } from '../core/errors.ts';
import type { DeltaType } from '../core/tokens.ts';

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
      return { ...streamed, stream: ReadableStream.from(heard(streamed.stream, listen())) };
    },
  };
}

/** Hands on the parts of a stream, and tells the listener of what is said. A reader that leaves early has not let the call fail. */
async function* heard(
  stream: ReadableStream<LanguageModelV4StreamPart>,
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

function brokenOff(): RetryableError {
  return new RetryableError('model_unavailable', 'The model broke off its answer before the end.');
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

/** The answer that the parts of a stream are. */
class StreamedAnswer {
  readonly #content: LanguageModelV4Content[] = [];
  readonly #texts = new Map<string, Extract<LanguageModelV4Content, { type: DeltaType }>>();
  #warnings: LanguageModelV4GenerateResult['warnings'] = [];
  #response: LanguageModelV4GenerateResult['response'] = {};
  #finish: Extract<LanguageModelV4StreamPart, { type: 'finish' }> | undefined;

  add(part: LanguageModelV4StreamPart): void {
    if (isSaying(part)) return this.#say(part.type.startsWith('text') ? 'text' : 'reasoning', part);
    switch (part.type) {
      case 'stream-start':
        this.#warnings = part.warnings;
        return;
      case 'response-metadata':
        this.#response = { ...this.#response, ...withoutType(part) };
        return;
      case 'finish':
        this.#finish = part;
        return;
      case 'tool-input-start':
      case 'tool-input-delta':
      case 'tool-input-end':
      case 'ping':
      case 'raw':
      case 'error':
        return;
      default:
        this.#content.push(part);
    }
  }

  result({ request, response }: LanguageModelV4StreamResult): LanguageModelV4GenerateResult {
    if (!this.#finish) throw brokenOff();
    const { usage, finishReason, providerMetadata } = this.#finish;
    return {
      content: this.#content,
      finishReason,
      usage,
      warnings: this.#warnings,
      response: { ...this.#response, ...response },
      ...(request && { request }),
      ...(providerMetadata && { providerMetadata }),
    };
  }

  #say(type: DeltaType, part: SayingPart): void {
    const key = `${type} ${part.id}`;
    if (part.type.endsWith('-start') || !this.#texts.has(key)) {
      const text = { type, text: '' };
      this.#texts.set(key, text);
      this.#content.push(text);
    }
    const said = this.#texts.get(key)!;
    if ('delta' in part) said.text += part.delta;
    // Of a part's metadata the last that come are complete.
    if (part.providerMetadata) said.providerMetadata = part.providerMetadata;
    if (said.type === 'text' && 'citations' in part && part.citations) said.citations = part.citations;
  }
}

/** A part of a stream that belongs to a text. */
type SayingPart = Extract<LanguageModelV4StreamPart, { type: `${DeltaType}-${'start' | 'delta' | 'end'}` }>;

function isSaying(part: LanguageModelV4StreamPart): part is SayingPart {
  return /^(text|reasoning)-(start|delta|end)$/.test(part.type);
}

function withoutType<Part extends { type: string }>({ type: _, ...rest }: Part): Omit<Part, 'type'> {
  return rest;
}
