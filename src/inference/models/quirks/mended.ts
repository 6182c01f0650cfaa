// A model whose answers are what they should be: thoughts are thoughts, calls are calls, each with an id of its own and a reason to end.

import { randomUUID } from 'node:crypto';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { withoutThought } from '../thought.ts';
import { argumentsText } from './answers.ts';
import { callsIn, type Promised, promiseOf, toolNamed } from './spoken.ts';
import { through } from '../../../lib/through.ts';

type ToolCall = Extract<LanguageModelV4Content, { type: 'tool-call' }>;

/** Returns `model` with its answers mended. What has to be seen whole is held back while it streams; all the rest goes on at once. */
export function mended(model: LanguageModelV4): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: model.provider,
    modelId: model.modelId,
    supportedUrls: model.supportedUrls,
    async doGenerate(options) {
      const result = await model.doGenerate(options);
      const answer = new Answer(options);
      const content = result.content.flatMap((part) => (part.type === 'text' ? answer.whole(part.text, part) : [part]));
      const called = content.map((part) => (part.type === 'tool-call' ? answer.call(part) : part));
      return {
        ...result,
        content: called,
        finishReason: content.length === 0 ? result.finishReason : answer.ending(result.finishReason),
      };
    },
    async doStream(options) {
      const result = await model.doStream(options);
      return { ...result, stream: through(result.stream, (parts) => mendedParts(parts, new Answer(options))) };
    },
  };
}

/** What is known of an answer while it comes. */
class Answer {
  readonly tools: ReadonlySet<string>;
  readonly #prompt: LanguageModelV4CallOptions['prompt'];
  /** Of the calls in this answer. */
  readonly #ids = new Set<string>();
  #calls = 0;

  constructor({ tools = [], prompt }: LanguageModelV4CallOptions) {
    this.tools = new Set(tools.map(({ name }) => name));
    this.#prompt = prompt;
  }

  /** Returns what a text is: a thought, calls, or a text. */
  whole(text: string, part: Extract<LanguageModelV4Content, { type: 'text' }>): LanguageModelV4Content[] {
    const { thought, said } = withoutThought(text);
    const thoughts: LanguageModelV4Content[] = thought ? [{ type: 'reasoning', text: thought }] : [];
    const calls = this.spoken(said);
    if (calls) return [...thoughts, ...calls];
    return [...thoughts, ...(thought !== undefined && said === '' ? [] : [{ ...part, text: said }])];
  }

  /** Returns the calls that a text consists of. */
  spoken(text: string): ToolCall[] | undefined {
    if (this.tools.size === 0) return undefined;
    return callsIn(text, this.tools)?.map(({ name, input }) => ({
      type: 'tool-call',
      toolCallId: '',
      toolName: name,
      input,
    }));
  }

  #isTaken(id: string): boolean {
    if (this.#ids.has(id)) return true;
    return this.#prompt.some(
      ({ role, content }) =>
        role === 'assistant' && content.some((part) => part.type === 'tool-call' && part.toolCallId === id),
    );
  }

  /** Returns a call with an id that no other one has in this conversation, and by the name under which the tool is known. */
  call(call: ToolCall): ToolCall {
    this.#calls += 1;
    const { toolCallId: id, toolName, input } = call;
    const own = id === '' || this.#isTaken(id) ? `call_${randomUUID()}` : id;
    this.#ids.add(own);
    return {
      ...call,
      toolCallId: own,
      toolName: toolNamed(toolName, this.tools) ?? toolName,
      input: argumentsText(input),
    };
  }

  /** Some call tools and say that they stop, or say that they call tools and do not. */
  ending(reason: LanguageModelV4FinishReason): LanguageModelV4FinishReason {
    const { unified, raw } = reason;
    if (this.#calls > 0 && (unified === 'stop' || unified === 'other')) return { unified: 'tool-calls', raw };
    if (this.#calls === 0 && unified === 'tool-calls') return { unified: 'stop', raw };
    // A whole answer without any reason: it has come to its end.
    return unified === 'other' && raw === undefined ? { unified: 'stop', raw } : reason;
  }
}

/** The text that comes, as far as it is not handed on. Undefined once it is known to be nothing but text. */
interface Held {
  id: string;
  text: string;
  promise: Promised;
  /** The end of the text, where that of a thought may stand. */
  tail: string;
}

const END_OF_THOUGHT = /<\/think(?:ing)?>/i;
const LONGEST_END = '</thinking>'.length;

async function* mendedParts(
  stream: AsyncIterable<LanguageModelV4StreamPart>,
  answer: Answer,
): AsyncGenerator<LanguageModelV4StreamPart> {
  let held: Held | undefined;
  let isPlain = false;
  for await (const part of stream) {
    // The pieces of a call are not needed: the call follows whole, and with an id of its own.
    if (part.type === 'tool-input-start' || part.type === 'tool-input-delta' || part.type === 'tool-input-end')
      continue;
    if (part.type === 'text-start' && !isPlain) {
      held = { id: part.id, text: '', promise: 'any', tail: '' };
    } else if (held && part.type === 'text-delta' && part.id === held.id) {
      const handedOn = [...added(held, part.delta, answer)];
      yield* handedOn;
      if (handedOn.some(({ type }) => type === 'text-start')) {
        held = undefined;
        isPlain = true;
      }
    } else if (held && part.type === 'text-end' && part.id === held.id) {
      yield* asParts(answer.whole(held.text, { type: 'text', text: held.text }), held.id, answer);
      held = undefined;
    } else if (part.type === 'tool-call') yield answer.call(part);
    else if (part.type === 'finish') yield { ...part, finishReason: answer.ending(part.finishReason) };
    else yield part;
  }
}

/** Adds a piece, and hands on what is known then. A long text is not looked through with each of its pieces. */
function* added(held: Held, delta: string, answer: Answer): Generator<LanguageModelV4StreamPart> {
  held.text += delta;
  const end = held.tail + delta;
  held.tail = end.slice(-LONGEST_END);
  if (delta.trim() === '' || held.promise === 'call') return;
  if (held.promise !== 'thought' || END_OF_THOUGHT.test(end)) yield* release(held, answer);
}

/** Hands on what is known to be a thought, or the beginning of a text. */
function* release(held: Held, answer: Answer): Generator<LanguageModelV4StreamPart> {
  const { thought, said } = withoutThought(held.text);
  if (thought !== undefined) {
    yield* thoughtParts(thought, held.id);
    held.text = said;
  }
  held.promise = promiseOf(held.text, answer.tools.size > 0);
  if (held.text === '' || held.promise !== 'text') return;
  yield { type: 'text-start', id: held.id };
  yield { type: 'text-delta', id: held.id, delta: held.text };
}

function* asParts(
  content: readonly LanguageModelV4Content[],
  id: string,
  answer: Answer,
): Generator<LanguageModelV4StreamPart> {
  for (const part of content) {
    if (part.type === 'reasoning') yield* thoughtParts(part.text, id);
    else if (part.type === 'tool-call') yield answer.call(part);
    else if (part.type === 'text') {
      yield { type: 'text-start', id };
      yield { type: 'text-delta', id, delta: part.text };
      yield { type: 'text-end', id };
    }
  }
}

function* thoughtParts(thought: string, textId: string): Generator<LanguageModelV4StreamPart> {
  if (thought === '') return;
  const id = `thought-${textId}`;
  yield { type: 'reasoning-start', id };
  yield { type: 'reasoning-delta', id, delta: thought };
  yield { type: 'reasoning-end', id };
}
