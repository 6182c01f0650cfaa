// A model that gives the answer of an earlier call to one that asks the same on behalf of the same tenant.

import { createHash } from 'node:crypto';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { Caching } from '../../core/answer-cache.ts';
import { TerminalError } from '../../core/errors.ts';
import { canonicalJson } from '../../core/fingerprint.ts';
import { newRunId } from '../../core/run-id.ts';
import type { KeptAnswer } from '../../store/model-answers.ts';
import type { Answers } from './answers.ts';
import type { CallScope } from '../calls/call.ts';
import { type Answering, answeringOf, METADATA } from '../routing/class-model.ts';
import { partsOf, StreamedAnswer } from '../calls/streamed-answer.ts';
import { through } from '../../lib/through.ts';

/** What is cached of a class, and for whom. */
export interface CachedClass {
  answers: Answers;
  caching: Caching;
  scope: CallScope;
  class: string;
  /** What its endpoints are: answers of other ones do not count. */
  targets: readonly string[];
}

type Content = LanguageModelV4Content;

/** What may stand for an answer: text, thoughts and calls of tools. Files and sources are large, or soon out of date. */
const KEPT_PARTS: ReadonlySet<Content['type']> = new Set(['text', 'reasoning', 'tool-call']);
const NOTHING_USED: LanguageModelV4Usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
};

/**
 * Returns `model` with a memory. Calls that are made at the same time may both reach it. The second attempt of a step always does: the
 * first one may have failed because of what it was given.
 */
export function cachedModel(model: LanguageModelV4, cached: CachedClass): LanguageModelV4 {
  const last: { modelId: string | undefined } = { modelId: undefined };
  const kept = async (
    options: LanguageModelV4CallOptions,
    key: string,
  ): Promise<LanguageModelV4GenerateResult | undefined> => {
    assertDeterministic(options, cached);
    const found = await find(cached, key);
    last.modelId = found?.answer.model;
    return found && resultOf(cached.class, found);
  };
  return {
    specificationVersion: 'v4',
    get provider() {
      return model.provider;
    },
    get modelId() {
      return last.modelId ?? model.modelId;
    },
    get supportedUrls() {
      return model.supportedUrls;
    },
    async doGenerate(options) {
      const key = keyOf(options, cached);
      const known = await kept(options, key);
      if (known) return known;
      const result = await model.doGenerate(options);
      await keep(cached, key, result, model.modelId);
      return result;
    },
    async doStream(options) {
      const key = keyOf(options, cached);
      const known = await kept(options, key);
      if (known) return { stream: ReadableStream.from(partsOf(known)) };
      const result = await model.doStream(options);
      const done = (answer: LanguageModelV4GenerateResult): Promise<void> => keep(cached, key, answer, model.modelId);
      return { ...result, stream: through(result.stream, (parts) => collected(parts, done)) };
    },
  };
}

function assertDeterministic({ temperature }: LanguageModelV4CallOptions, { caching, class: name }: CachedClass): void {
  if (temperature === 0 || caching.sampled) return;
  throw new TerminalError(
    'cache_not_deterministic',
    `A call of the class ${name} asks for a cache, but its temperature is not 0, so that each answer may be another one: ` +
      'set temperature: 0, or say that any answer will do with cache: { sampled: true }.',
    { class: name },
  );
}

/** The tenant is part of the key: not even a mistake in a statement could give it the answer of another one. */
function keyOf(
  { abortSignal: _signal, headers: _headers, includeRawChunks: _raw, ...asked }: LanguageModelV4CallOptions,
  { class: name, targets, scope }: CachedClass,
): string {
  const question = canonicalJson([scope.tenant ?? '', name, [...targets].toSorted(), asked]);
  return createHash('sha256').update(question).digest('hex');
}

async function find(
  { answers, scope, class: name }: CachedClass,
  key: string,
): Promise<{ answer: KeptAnswer; madeAt: Date } | undefined> {
  if (scope.attempt > 1) return undefined;
  const { runId, stepId, step, attempt, tenant = '', fingerprint } = scope;
  const asking = { id: newRunId(), runId, stepId, step, attempt, tenant, class: name };
  return answers.find(key, { ...asking, fingerprint: fingerprint ? JSON.stringify(fingerprint) : null });
}

function resultOf(
  name: string,
  { answer, madeAt }: { answer: KeptAnswer; madeAt: Date },
): LanguageModelV4GenerateResult {
  const { endpoint, usage } = answer;
  const choice = { cache: 'hit', madeAt: madeAt.toISOString(), saved: usage };
  const answering = { class: name, endpoint, choice } satisfies Answering;
  return {
    content: answer.content as Content[],
    finishReason: answer.finishReason as LanguageModelV4GenerateResult['finishReason'],
    usage: NOTHING_USED,
    warnings: [],
    providerMetadata: { ...(answer.providerMetadata as SharedV4ProviderMetadata), [METADATA]: answering },
    ...(answer.modelId !== undefined && { response: { modelId: answer.modelId } }),
  };
}

/** Keeps a whole answer of the class itself. One that was cut off, or that another class gave in its place, would be no answer later. */
async function keep(
  { answers, caching, scope }: CachedClass,
  key: string,
  { content, finishReason, providerMetadata, usage, response }: LanguageModelV4GenerateResult,
  model: string,
): Promise<void> {
  const isWhole = finishReason.unified === 'stop' || finishReason.unified === 'tool-calls';
  const answering = answeringOf(providerMetadata);
  if (!isWhole || !answering || 'degradedFrom' in answering.choice) return;
  if (content.length === 0 || content.some(({ type }) => !KEPT_PARTS.has(type))) return;
  const { [METADATA]: _own, ...others } = providerMetadata ?? {};
  const answer: KeptAnswer = {
    content,
    finishReason: { unified: finishReason.unified, raw: finishReason.raw },
    providerMetadata: others,
    endpoint: answering.endpoint,
    model,
    modelId: response?.modelId,
    usage: { inputTokens: usage.inputTokens.total ?? 0, outputTokens: usage.outputTokens.total ?? 0 },
  };
  await answers.keep({ tenant: scope.tenant ?? '', key }, answer, caching.ttlMs);
}

/** Hands on the parts of a stream, and the answer that they are before its end. */
async function* collected(
  stream: AsyncIterable<LanguageModelV4StreamPart>,
  done: (answer: LanguageModelV4GenerateResult) => Promise<void>,
): AsyncGenerator<LanguageModelV4StreamPart> {
  const answer = new StreamedAnswer();
  let hasFailed = false;
  for await (const part of stream) {
    hasFailed ||= part.type === 'error';
    answer.add(part);
    if (part.type === 'finish' && !hasFailed) await done(answer.result({}));
    yield part;
  }
}
