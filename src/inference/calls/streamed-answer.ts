// An answer as a whole, and as the parts of a stream.

import type {
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import { RetryableError } from '../../core/errors.ts';
import type { DeltaType } from '../../core/tokens.ts';

/** Returns the error for a stream without an end. */
export function brokenOff(): RetryableError {
  return new RetryableError('model_unavailable', 'The model broke off its answer before the end.');
}

/** The answer that the parts of a stream are. */
export class StreamedAnswer {
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

  /** Returns the answer, once it has ended. @throws RetryableError `model_unavailable` before that */
  result({ request, response }: Omit<LanguageModelV4StreamResult, 'stream'>): LanguageModelV4GenerateResult {
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

/** Tells whether a part of a stream belongs to a text. */
export function isSaying(part: LanguageModelV4StreamPart): part is SayingPart {
  return /^(text|reasoning)-(start|delta|end)$/.test(part.type);
}

function withoutType<Part extends { type: string }>({ type: _, ...rest }: Part): Omit<Part, 'type'> {
  return rest;
}

/** Returns a whole answer as the parts of a stream. */
export function* partsOf({
  content,
  warnings,
  response,
  usage,
  finishReason,
  providerMetadata,
}: LanguageModelV4GenerateResult): Generator<LanguageModelV4StreamPart> {
  yield { type: 'stream-start', warnings };
  if (response?.modelId !== undefined) yield { type: 'response-metadata', modelId: response.modelId };
  for (const [index, part] of content.entries()) {
    if (part.type === 'text' || part.type === 'reasoning') yield* textParts(part, String(index));
    else yield part;
  }
  yield { type: 'finish', usage, finishReason, ...(providerMetadata && { providerMetadata }) };
}

function* textParts(
  { type, text, providerMetadata }: Extract<LanguageModelV4Content, { type: DeltaType }>,
  id: string,
): Generator<LanguageModelV4StreamPart> {
  const metadata = providerMetadata && { providerMetadata };
  yield { type: `${type}-start`, id, ...metadata };
  if (text !== '') yield { type: `${type}-delta`, id, delta: text };
  yield { type: `${type}-end`, id, ...metadata };
}
