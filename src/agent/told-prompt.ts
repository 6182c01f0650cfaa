// What a model was told last, in the form in which it was told: with the next turn only what is new is checked and put into that form.

import type { LanguageModelV4, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { type LanguageModel, type ModelMessage, wrapLanguageModel } from 'ai';

/** A model, and what it is to be asked with through the AI SDK, which puts the rest before it. */
interface Asking {
  model: LanguageModel;
  messages: ModelMessage[];
}

/** The first `count` messages of a conversation in the form for one provider. */
interface Told {
  provider: string;
  revision: number;
  count: number;
  prompt: LanguageModelV4Prompt;
}

/** A conversation may have hundreds of messages, and the AI SDK would look through all of them with each question. */
export class ToldPrompt {
  #told: Told | undefined;
  /** What was put last; it counts once it was answered. */
  #put: Told | undefined;

  /**
   * Returns how `model` is asked with `transcript` and then `asked`. Between two questions of the same `revision`, messages were only
   * added to the transcript: those that were asked, and the answer, unless there was none.
   */
  asking(
    model: LanguageModelV4,
    transcript: readonly ModelMessage[],
    asked: readonly ModelMessage[],
    revision: number,
  ): Asking {
    if (this.#put && transcript.length > this.#put.count) this.#told = this.#put;
    const { provider } = model;
    const isFit = this.#told?.provider === provider && this.#told.revision === revision;
    const { count, prompt: before } = this.#told && isFit ? this.#told : { count: 0, prompt: [] };
    const put = (params: LanguageModelV4Prompt): LanguageModelV4Prompt => {
      const system = params.filter(({ role }) => role === 'system');
      const prompt = [...before, ...params.slice(system.length)];
      this.#put = { provider, revision, count: transcript.length + asked.length, prompt };
      return [...system, ...prompt];
    };
    const middleware = {
      specificationVersion: 'v4' as const,
      transformParams: async ({ params }: { params: Parameters<LanguageModelV4['doGenerate']>[0] }) => ({
        ...params,
        prompt: put(params.prompt),
      }),
    };
    return { model: wrapLanguageModel({ model, middleware }), messages: [...transcript.slice(count), ...asked] };
  }
}
