// The offline model: an AI SDK language model that quotes and extracts from the document in the prompt, on worker
// threads, without a network.

import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4Warning,
} from '@ai-sdk/provider';
import { TerminalError } from '../../core/errors.ts';
import type { LocalPool } from '../local/pool.ts';
import type { Schema } from '../local/fill/schema.ts';
import type { LocalAnswer } from '../local/task.ts';
import { documentOf, promptChars } from './prompt.ts';

const localModelId = 'local-extractive';

const charsPerToken = 4;
const streamedChars = 40;

/**
 * A model that needs no key and no network. It reads the document between `<document>` and `</document>` in the last
 * user message, or that whole message. Asked for JSON it fills the schema from the text by the names of the properties;
 * what the text does not say gets the emptiest allowed value, and `providerMetadata.local.unfilled` lists those
 * properties. Otherwise it answers with sentences of the document. It follows no instructions beyond a number of
 * sentences, calls no tools, and always answers the same to the same question. Throws TerminalError `model_refused`
 * when the schema demands a value (a date, an address) that the text does not hold.
 */
export function createLocalModel(pool: LocalPool): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'local',
    modelId: localModelId,
    supportedUrls: {},
    doGenerate: (options) => generate(pool, options),
    doStream: async (options) => ({ stream: streamOf(await generate(pool, options)) }),
  };
}

async function generate(pool: LocalPool, options: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
  const { document, instruction, warnings } = documentOf(options.prompt);
  const format = options.responseFormat;
  const task = {
    document,
    instruction,
    ...(format?.type === 'json' && { json: format.schema ? { schema: format.schema as Schema } : {} }),
    ...(options.maxOutputTokens !== undefined && { maxChars: options.maxOutputTokens * charsPerToken }),
  };
  const answer = await pool.run(task, options.abortSignal);
  refuseInvalid(answer);
  return {
    content: [{ type: 'text', text: answer.text }],
    finishReason: finished,
    usage: usageOf(promptChars(options.prompt), answer.text.length),
    warnings: [...warnings, ...unsupported(options)],
    providerMetadata: { local: { unfilled: answer.unfilled } },
    response: { modelId: localModelId },
  };
}

const finished: LanguageModelV4FinishReason = { unified: 'stop', raw: 'stop' };

function refuseInvalid({ invalid }: LocalAnswer): void {
  if (invalid.length === 0) return;
  throw new TerminalError(
    'model_refused',
    `The local model found nothing in the document for ${invalid.map((path) => `"${path}"`).join(', ')}, and the schema allows no empty value there. ` +
      'Make the property nullable or optional, or configure a real model.',
    { model: localModelId, properties: invalid },
  );
}

/** Estimated at four characters a token, and marked as an estimate in the raw usage. */
function usageOf(inputChars: number, outputChars: number): LanguageModelV4Usage {
  const input = Math.ceil(inputChars / charsPerToken);
  const output = Math.ceil(outputChars / charsPerToken);
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
    raw: { estimated: true },
  };
}

/** Settings without meaning here. A temperature of 0 and a seed are met by nature: the answer is always the same. */
function unsupported(options: LanguageModelV4CallOptions): SharedV4Warning[] {
  const warnings: SharedV4Warning[] = [];
  const add = (feature: string, details?: string) =>
    warnings.push({ type: 'unsupported', feature, ...(details && { details }) });
  if (options.tools && options.tools.length > 0 && options.toolChoice?.type !== 'none')
    add('tools', 'The local model calls no tools; it answers from the document only.');
  if (options.temperature !== undefined && options.temperature !== 0) add('temperature');
  if (options.stopSequences && options.stopSequences.length > 0) add('stopSequences');
  for (const name of ['topP', 'topK', 'presencePenalty', 'frequencyPenalty'] as const)
    if (options[name] !== undefined) add(name);
  if (options.reasoning !== undefined && options.reasoning !== 'provider-default' && options.reasoning !== 'none')
    add('reasoning');
  return warnings;
}

/** The finished answer in pieces of about forty characters, cut between words. */
function streamOf(result: LanguageModelV4GenerateResult): ReadableStream<LanguageModelV4StreamPart> {
  const text = result.content[0]?.type === 'text' ? result.content[0].text : '';
  const id = 'answer';
  const deltas =
    text.match(new RegExp(`[\\s\\S]{1,${streamedChars}}(?:(?=\\s)|$)|[\\s\\S]{1,${streamedChars}}`, 'g')) ?? [];
  const parts: LanguageModelV4StreamPart[] = [
    { type: 'stream-start', warnings: result.warnings },
    { type: 'response-metadata', modelId: localModelId },
    { type: 'text-start', id },
    ...deltas.map((delta): LanguageModelV4StreamPart => ({ type: 'text-delta', id, delta })),
    { type: 'text-end', id },
    {
      type: 'finish',
      usage: result.usage,
      finishReason: result.finishReason,
      ...(result.providerMetadata && { providerMetadata: result.providerMetadata }),
    },
  ];
  return ReadableStream.from(parts);
}
