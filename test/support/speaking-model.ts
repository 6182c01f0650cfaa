// A model whose answers a test says piece by piece, while somebody listens.

import type { LanguageModelV4, LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider';
import { TerminalError } from '../../src/core/errors.ts';
import { until } from './until.ts';

/** One call of the model. */
export interface Speech {
  /** Adds to a text, `0` unless another one is named; the first piece begins it. */
  say(delta: string, id?: string): void;
  think(delta: string): void;
  /** Sends any part. */
  send(part: LanguageModelV4StreamPart): void;
  /** Ends the answer. */
  end(): void;
  /** Breaks the connection. */
  fail(error: Error): void;
}

export interface SpeakingModel {
  model: LanguageModelV4;
  /** Resolves to the n-th call, from 0. */
  call(n: number): Promise<Speech>;
}

const USAGE: LanguageModelV4Usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
};

export function speakingModel(): SpeakingModel {
  const calls: Speech[] = [];
  const model: LanguageModelV4 = {
    specificationVersion: 'v4',
    provider: 'speaking',
    modelId: 'speaking',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new TerminalError('not_streamed', 'This model speaks only to those who listen.')),
    doStream: async () => {
      const { readable, writable } = new TransformStream<LanguageModelV4StreamPart, LanguageModelV4StreamPart>();
      calls.push(speechInto(writable.getWriter()));
      return { stream: readable };
    },
  };
  return { model, call: (n) => until(`call ${n} of the model`, () => calls[n]) };
}

function speechInto(writer: WritableStreamDefaultWriter<LanguageModelV4StreamPart>): Speech {
  const begun = new Set<string>();
  const send = (part: LanguageModelV4StreamPart): void => void writer.write(part).catch(() => {});
  const add = (type: 'text' | 'reasoning', id: string, delta: string): void => {
    if (!begun.has(id)) send({ type: `${type}-start`, id });
    begun.add(id);
    send({ type: `${type}-delta`, id, delta });
  };
  return {
    say: (delta, id = '0') => add('text', id, delta),
    think: (delta) => add('reasoning', 'thought', delta),
    send,
    end: () => {
      send({ type: 'finish', usage: USAGE, finishReason: { unified: 'stop', raw: 'stop' } });
      void writer.close().catch(() => {});
    },
    fail: (error) => void writer.abort(error).catch(() => {}),
  };
}
