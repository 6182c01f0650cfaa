// The stream of an endpoint's answer: it counts as begun with the first part that says something, and as answered with its end.

import type {
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import { streamOf } from '../../lib/through.ts';
import type { EndpointCall } from './endpoint-call.ts';
import { tokensOf } from './prompt.ts';
import { brokenOff } from './streamed-answer.ts';

type Part = LanguageModelV4StreamPart;

/** Parts that come before anything is said. */
const PREFACE = new Set<Part['type']>(['stream-start', 'response-metadata', 'raw', 'text-start', 'reasoning-start']);

/**
 * Calls the endpoint and returns its stream once something was said in it: what fails before that may be tried elsewhere without anybody
 * noticing. What fails later makes the stream fail. `marked` returns the metadata of the end.
 */
export async function startedStream(
  call: EndpointCall,
  marked: (metadata: SharedV4ProviderMetadata | undefined) => SharedV4ProviderMetadata,
): Promise<LanguageModelV4StreamResult> {
  const result = await call.within(call.planned.endpoint.model.doStream(call.options));
  const reader = result.stream.getReader();
  try {
    const preface: Part[] = [];
    for (;;) {
      const { value, done } = await call.within(reader.read());
      if (done) throw brokenOff();
      const part = unlessFailed(value);
      preface.push(part);
      if (!PREFACE.has(part.type)) break;
    }
    const parts = watched(preface, reader, call, marked, result.response?.headers);
    const giveUp = (reason: unknown): Promise<void> => {
      call.left();
      return reader.cancel(reason);
    };
    return { ...result, stream: streamOf(parts, giveUp) };
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** Hands on the parts, and tells the call how it ended. A reader that leaves early is no failure of the endpoint. */
async function* watched(
  preface: readonly Part[],
  reader: ReadableStreamDefaultReader<Part>,
  call: EndpointCall,
  marked: (metadata: SharedV4ProviderMetadata | undefined) => SharedV4ProviderMetadata,
  headers: Record<string, string> | undefined,
): AsyncGenerator<Part> {
  let tokens = 0;
  let isFinished = false;
  try {
    for await (const part of following(preface, reader)) {
      if (part.type === 'text-delta' || part.type === 'reasoning-delta') tokens += tokensOf(part.delta);
      if (part.type === 'tool-call') tokens += tokensOf(part.input);
      if (part.type !== 'finish') {
        yield part;
        continue;
      }
      isFinished = true;
      // Whoever has seen the end may be done, and not ask for more.
      call.answered(part.usage, tokens, headers);
      yield { ...part, providerMetadata: marked(part.providerMetadata) };
    }
    if (!isFinished) throw brokenOff();
  } catch (error) {
    throw call.failed(error);
  } finally {
    call.left();
    reader.cancel().catch(() => {});
  }
}

async function* following(preface: readonly Part[], reader: ReadableStreamDefaultReader<Part>): AsyncGenerator<Part> {
  yield* preface;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield unlessFailed(value);
  }
}

/** Half an answer that looks like one would be recorded as one. */
function unlessFailed(part: Part): Part {
  if (part.type === 'error') throw part.error;
  if (part.type === 'finish' && part.finishReason.unified === 'error') throw brokenOff();
  return part;
}
